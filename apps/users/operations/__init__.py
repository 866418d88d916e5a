"""Every write of the users context, one verb a function."""

from apps.users.operations.accounts import (
    add_user,
    change_password,
    register_user,
    rename_user,
    replace_email,
)
from apps.users.operations.addresses import (
    MAX_ADDRESSES,
    Place,
    TooManyAddresses,
    add_address,
    change_address,
    delete_address,
    make_default,
)
from apps.users.operations.families import (
    ROTATION_GRACE,
    end_family,
    revoke_families,
    revoke_family,
    rotate_tokens,
    start_family,
)
from apps.users.operations.following import AddressTaken, LinkRefused, reset_password, verify_email
from apps.users.operations.linking import (
    ask_for_reset,
    request_email_change,
    request_verification,
    send_reset,
)

__all__ = [
    "MAX_ADDRESSES",
    "ROTATION_GRACE",
    "AddressTaken",
    "LinkRefused",
    "Place",
    "TooManyAddresses",
    "add_address",
    "add_user",
    "ask_for_reset",
    "change_address",
    "change_password",
    "delete_address",
    "end_family",
    "make_default",
    "register_user",
    "rename_user",
    "replace_email",
    "request_email_change",
    "request_verification",
    "reset_password",
    "revoke_families",
    "revoke_family",
    "rotate_tokens",
    "send_reset",
    "start_family",
    "verify_email",
]
