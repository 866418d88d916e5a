"""Why a payment failed, in words for the shopper."""

METHOD_INVALID = "method_invalid"
AUTHENTICATION_EXPIRED = "authentication_expired"
CLOSED = "closed"  # by the gateway, before anything was taken

MESSAGES = {
    METHOD_INVALID: "Your card details have expired or were used already. Please enter them again.",
    AUTHENTICATION_EXPIRED: "Your bank's question was not answered in time. Please try again.",
    "authentication_failed": "Your bank could not confirm that it is you. Please try another card.",
    CLOSED: "The payment was not completed. Please try again.",
    "generic_decline": "Your card was declined. Please try another card or ask your bank.",
    "insufficient_funds": "Your card has insufficient funds. Please try another card.",
    "expired_card": "Your card has expired. Please try another card.",
    "incorrect_cvc": "The security code is not right. Please check it and try again.",
    "processing_error": "Your card could not be processed. Please try again or use another card.",
}


def message_for(reason: str) -> str:
    """A sentence for the decline code or rule; one the shop does not know is a plain decline."""
    return MESSAGES.get(reason, MESSAGES["generic_decline"])
