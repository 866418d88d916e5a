"""What a sale is of, and the moment that it is planned in."""

from decimal import Decimal

import pytest
from django.utils import timezone

from apps.products.tests.factories import VariantFactory


@pytest.fixture
def mug():
    return VariantFactory(sku="MUG", price=Decimal("10.00"))


@pytest.fixture
def now():
    return timezone.now()
