"""Rows as the operations would leave them, without a word to the world."""

from datetime import timedelta
from decimal import Decimal
from uuid import uuid4

import factory
from django.db import transaction
from django.utils import timezone
from uuid_utils.compat import uuid7

from apps.products import operations
from apps.products.models import (
    BoughtArticle,
    BoughtOrder,
    Category,
    CategorySlug,
    Option,
    OptionValue,
    Picture,
    PriceList,
    Product,
    ProductSlug,
    Review,
    SalePrice,
    Variant,
    VariantValue,
    WaitingShopper,
)
from apps.products.operations.options import combination, worded
from apps.products.operations.telling import DERIVED, derive, list_anew, visible_categories
from apps.products.shoppers import subject_of
from eventbus.testing import emit


class CategoryFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = Category

    slug = factory.Sequence(lambda n: f"category-{n}")
    title = factory.Sequence(lambda n: f"Category {n}")

    @classmethod
    def _create(cls, model_class, *args, **kwargs):
        category = super()._create(model_class, *args, **kwargs)
        CategorySlug.objects.create(slug=category.slug, category=category)
        return category


class ProductFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = Product

    slug = factory.Sequence(lambda n: f"product-{n}")
    title = factory.Sequence(lambda n: f"Product {n}")
    description = "It does what it should. It looks good doing it."
    category = factory.SubFactory(CategoryFactory)

    @classmethod
    def _create(cls, model_class, *args, **kwargs):
        product = super()._create(model_class, *args, **kwargs)
        ProductSlug.objects.create(slug=product.slug, product=product)
        return product


class VariantFactory(factory.django.DjangoModelFactory):
    """`option="Blue"` is one of `axis` "Colour"; without, the only variant of its product."""

    class Meta:
        model = Variant

    product = factory.SubFactory(ProductFactory)
    sku = factory.Sequence(lambda n: f"SKU-{n}")
    price = Decimal("10.00")
    picture = "mug-blue"
    version = 1

    @classmethod
    def _create(cls, model_class, *args, picture, option="", axis="Colour", **kwargs):
        pairs = {axis: option} if option else {}
        pairs = kwargs.pop("options", pairs)
        values = [a_value(kwargs["product"], *pair) for pair in pairs.items()]
        words = {"combination": combination(values), "option": worded(values)}
        variant = super()._create(model_class, *args, **kwargs, **words)
        for value in values:
            VariantValue.objects.create(variant=variant, option=value.option, value=value)
        if picture:
            PictureFactory(product=variant.product, variant=variant, recipe=picture)
        settle(variant.product)
        variant.refresh_from_db()
        return variant


class PictureFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = Picture

    recipe = "mug-blue"
    alt = factory.LazyAttribute(lambda picture: f"A {picture.recipe}")
    width = height = 400


class PriceListFactory(factory.django.DjangoModelFactory):
    """Runs since an hour, for another."""

    class Meta:
        model = PriceList

    name = factory.Sequence(lambda n: f"Sale {n}")
    starts_at = factory.LazyFunction(lambda: timezone.now() - timedelta(hours=1))
    ends_at = factory.LazyFunction(lambda: timezone.now() + timedelta(hours=1))
    state = PriceList.State.RUNNING
    revision = 1


class SalePriceFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = SalePrice

    price_list = factory.SubFactory(PriceListFactory)
    variant = factory.SubFactory(VariantFactory)
    price = Decimal("8.00")

    @classmethod
    def _create(cls, model_class, *args, **kwargs):
        row = super()._create(model_class, *args, **kwargs)
        settle(row.variant.product)
        row.variant.refresh_from_db()
        return row


class ReviewFactory(factory.django.DjangoModelFactory):
    """`ReviewFactory(product=…)`: pending, of somebody who has bought it (`variant` of it)."""

    class Meta:
        model = Review

    customer_id = factory.LazyFunction(uuid7)
    author = "Ann"
    rating = 4
    title = "Good"
    text = "It does what it should."

    @classmethod
    def _create(cls, model_class, *args, **kwargs):
        buy(kwargs["product"], customer=kwargs["customer_id"])
        status = kwargs.pop("status", Review.Status.PENDING)
        review = super()._create(model_class, *args, **kwargs)
        if status == Review.Status.APPROVED:
            operations.approve_review(review=review.pk, by="user:1")
        elif status == Review.Status.REJECTED:
            operations.reject_review(review=review.pk, by="user:1", reason="Not a review.")
        review.refresh_from_db()
        return review


class WaitingShopperFactory(factory.django.DjangoModelFactory):
    """A guest who waits."""

    class Meta:
        model = WaitingShopper

    sku = factory.Sequence(lambda n: f"SKU-{n}")
    email = factory.Sequence(lambda n: f"guest-{n}@example.com")
    subject = factory.LazyAttribute(lambda row: subject_of(customer_id=None, email=row.email))


def a_value(product, axis, name):
    """The value of the product's axis, both made if need be, each the last."""
    option, _ = Option.objects.get_or_create(
        product=product, name=axis, defaults={"position": product.options.count()}
    )
    value, _ = OptionValue.objects.get_or_create(
        option=option, name=name, defaults={"position": option.values.count()}
    )
    return value


@transaction.atomic
def settle(product):
    """Bring what is derived in step with the rows."""
    rows = list(Variant.objects.filter(product=product).select_related("product"))
    Variant.objects.bulk_update(derive(rows), DERIVED)
    list_anew({product.pk}, visible_categories())
    product.refresh_from_db()


def buy(product, *, customer, status=BoughtOrder.Status.CONFIRMED):
    """An order of the customer with the product's first variant."""
    order = BoughtOrder.objects.create(order_id=uuid4(), customer_id=customer, status=status)
    sku = product.variants.values_list("sku", flat=True).first()
    BoughtArticle.objects.create(order=order, sku=sku)
    return order


def order_created(order_id, *, customer, skus):
    """orders.created, as orders tells it."""
    line = {"title": "A thing", "quantity": 1, "unit_price": "10.00"}
    amounts = dict.fromkeys(["subtotal", "total"], "10.00")
    amounts |= dict.fromkeys(["discount", "shipping", "tax"], "0.00")
    now = timezone.now().isoformat()
    body = {
        "order_id": str(order_id),
        "number": "HP-1",
        "placed_at": now,
        "subject": "somebody",
        "owner": f"user:{customer}",
        "customer_id": customer and str(customer),
        "email": "ann@example.com",
        "url": "http://shop.example/orders/1/",
        "currency": "EUR",
        **amounts,
        "lines": [line | {"sku": sku} for sku in skus],
        "payment_method": "pm_1",
        "cart_id": str(uuid4()),
        "cart_version": 1,
        "retry_of": None,
        "pay_before": now,
    }
    emit("orders.created", body, key=order_id)


def order_confirmed(order_id):
    emit("orders.confirmed", {"order_id": str(order_id), "number": "HP-1"}, key=order_id)


def order_cancelled(order_id):
    body = {"order_id": str(order_id), "number": "HP-1", "by": "customer", "reason": ""}
    emit("orders.cancelled", body, key=order_id)
