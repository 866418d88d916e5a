"""What inventory says."""

from django.db import transaction

from apps.products.models import Availability


@transaction.atomic
def record_availability(*, sku: str, available: int, version: int) -> None:
    """Keep what inventory says of the article, unless something newer is known."""
    values = {"available": available, "version": version}
    if not Availability.objects.filter(sku=sku, version__lt=version).update(**values):
        Availability.objects.bulk_create([Availability(sku=sku, **values)], ignore_conflicts=True)
