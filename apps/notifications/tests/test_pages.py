import pytest
from django.apps import apps
from django.core.mail import EmailMultiAlternatives, send_mail

from apps.notifications.models import MailboxMessage

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _mailbox(settings):
    settings.MAILBOX_PAGE = True
    settings.EMAIL_BACKEND = "apps.notifications.mailbox.MailboxBackend"


def send(subject="Hello", text="See http://127.0.0.1:8080/orders/1/", html="<p>Hello</p>"):
    message = EmailMultiAlternatives(subject, text, "shop@example.com", ["ada@example.com"])
    message.attach_alternative(html, "text/html")
    assert message.send() == 1
    return MailboxMessage.objects.latest("id")


def test_mails_are_kept_and_listed_newest_first(client):
    send("First <1>")
    send("Second")

    page = client.get("/notifications/mailbox/").text

    assert page.index("Second</a>") < page.index("First &lt;1&gt;</a>")
    assert "ada@example.com" in page


def test_an_empty_mailbox_says_so(client):
    assert "No mail yet." in client.get("/notifications/mailbox/").text


def test_a_mail_shows_its_text_with_links_and_its_html_apart(client):
    mail = send()

    page = client.get(f"/notifications/mailbox/{mail.pk}/").text

    assert '<a href="http://127.0.0.1:8080/orders/1/"' in page
    assert f'src="/notifications/mailbox/{mail.pk}/html/"' in page
    assert "<p>Hello</p>" not in page
    assert page.index('<div class="split">') < page.index("<iframe") < page.index("<h2>Text</h2>")


def test_the_html_can_run_and_load_nothing(client):
    mail = send(html="<script>alert(1)</script>")

    answer = client.get(f"/notifications/mailbox/{mail.pk}/html/")

    assert answer.text == "<script>alert(1)</script>"
    assert answer["Content-Security-Policy"] == (
        "default-src 'none'; style-src-attr 'unsafe-inline'; frame-ancestors 'self';"
        " sandbox allow-popups allow-popups-to-escape-sandbox"
    )
    assert answer["X-Frame-Options"] == "SAMEORIGIN"


def test_a_mail_without_html_has_no_frame(client):
    send_mail("Plain", "Only text", None, ["ada@example.com"])
    mail = MailboxMessage.objects.get()

    assert mail.html == ""
    assert "<iframe" not in client.get(f"/notifications/mailbox/{mail.pk}/").text


def test_an_unknown_mail_is_not_found(client):
    assert (
        client.get(f"/notifications/mailbox/{'0' * 8}-0000-7000-8000-{'0' * 12}/").status_code
        == 404
    )


def test_where_it_is_switched_off_there_is_no_mailbox(client, settings):
    mail = send()
    settings.MAILBOX_PAGE = False

    for path in ("", f"{mail.pk}/", f"{mail.pk}/html/"):
        assert client.get(f"/notifications/mailbox/{path}").status_code == 404
    assert apps.get_app_config("notifications").nav == []


def test_the_navigation_leads_to_the_mailbox():
    assert apps.get_app_config("notifications").nav == [
        {"label": "Mailbox", "url": "notifications:mailbox", "order": 90}
    ]
