import factory

from apps.users.models import Address, User

PASSWORD = "correct-horse-battery"


class UserFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = User
        skip_postgeneration_save = True

    email = factory.Sequence(lambda n: f"shopper{n}@example.com")

    @classmethod
    def _create(cls, model_class, *args, **kwargs):
        return model_class.objects.create_user(password=PASSWORD, **kwargs)


class AddressFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = Address

    user = factory.SubFactory(UserFactory)
    name = "Ada Lovelace"
    line1 = "Am Kai 3"
    postcode = "20457"
    city = "Hamburg"
    country = "DE"


def token_of(event):
    """The last part of the link in the payload of an event."""
    return event["url"].split("/")[-2]
