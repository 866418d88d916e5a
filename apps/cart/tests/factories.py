from decimal import Decimal
from uuid import uuid4

import factory
from django.utils import timezone

from apps.cart import operations
from apps.cart.models import Article, Cart, CartLine, Coupon, Stock
from apps.cart.shoppers import owner_of
from eventbus.testing import emit

TOKEN = "t" * 43
OWNER = owner_of(TOKEN)


class ArticleFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = Article

    sku = factory.Sequence(lambda n: f"SKU-{n}")
    title = factory.LazyAttribute(lambda article: f"Article {article.sku}")
    price = Decimal("10.00")
    currency = "EUR"
    version = 1
    picture = "/products/pictures/mug-blue.svg"
    url = "/products/mug/"
    active = True


class StockFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = Stock

    sku = factory.Sequence(lambda n: f"SKU-{n}")
    available = 10
    version = 1


class CartFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = Cart

    owner = OWNER
    version = 1


class CartLineFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = CartLine

    cart = factory.SubFactory(CartFactory)
    sku = factory.LazyFunction(lambda: ArticleFactory().sku)
    quantity = 1
    seen_price = Decimal("10.00")


class CouponFactory(factory.django.DjangoModelFactory):
    """Ten percent off whatever, for everybody, until it is told otherwise."""

    class Meta:
        model = Coupon

    code = "TEN"
    kind = "percent"
    amount = Decimal("10")


def cart_of(lines, *, owner=OWNER, **fields):
    """A cart of {sku: quantity}, whose articles exist."""
    cart = CartFactory(owner=owner, **fields)
    for sku, quantity in lines.items():
        if not Article.objects.filter(sku=sku).exists():
            ArticleFactory(sku=sku)
        CartLineFactory(cart=cart, sku=sku, quantity=quantity)
    return cart


def open_lines(owner=OWNER):
    """{sku: quantity} of the owner's open cart; None when there is none."""
    cart = Cart.objects.filter(owner=owner, status="open").first()
    return None if cart is None else lines_of(cart)


def lines_of(cart):
    return dict(cart.lines.order_by("sku").values_list("sku", "quantity"))


def status_of(cart):
    return Cart.objects.get(pk=cart.pk).status


def quote(owner=OWNER, country="DE", shipping_method="standard"):
    return operations.make_quote(owner=owner, country=country, shipping_method=shipping_method)


def placed(cart_id, lines, *, version=1, retry_of=None, placed_at=None, coupon=None, owner=OWNER):
    """orders.created for {sku: quantity}; the order's id."""
    order_id = uuid4()
    now = (placed_at or timezone.now()).isoformat()
    body = {
        "order_id": str(order_id),
        "number": "H-1",
        "placed_at": now,
        "subject": "s",
        "owner": owner,
        "customer_id": None,
        "email": "ada@example.com",
        "url": "http://shop.example/orders/1/",
        "currency": "EUR",
        "subtotal": "10.00",
        "discount": "0.00",
        "shipping": "4.90",
        "tax": "2.38",
        "total": "14.90",
        "lines": [
            {"sku": sku, "title": sku, "quantity": quantity, "unit_price": "10.00"}
            for sku, quantity in lines.items()
        ],
        "payment_method": "pm_1",
        "cart_id": str(cart_id),
        "cart_version": version,
        "retry_of": retry_of and str(retry_of),
        "pay_before": now,
        "coupon": coupon,
    }
    emit("orders.created", body, key=order_id)
    return order_id


def ended(order_id, how):
    """orders.confirmed, orders.failed or orders.cancelled."""
    more = {
        "confirmed": {},
        "failed": {
            "reason": "payment_declined",
            "message": "The card was declined.",
            "decline_code": None,
            "missing": [],
        },
        "cancelled": {"by": "customer", "reason": ""},
    }
    body = {"order_id": str(order_id), "number": "H-1", **more[how]}
    emit(f"orders.{how}", body, key=order_id)
