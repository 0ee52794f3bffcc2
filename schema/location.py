"""A place of the retailer, such as a store."""

import strawberry
from strawberry import field


@strawberry.type(description="A place of the retailer, such as a store.")
class Location:
    id: strawberry.ID = field(description="Omneo's number for the place.")
    type: str | None = field(description="What kind of place, such as `retail`.")
    name: str | None = field(description="Its name.")
    description: str | None = field(description="More about it.")
    phone: str | None = field(description="Its phone number.")
    email: str | None = field(description="Its e-mail address.")
    external_id: str | None = field(description="The retailer's own number for it.")
    is_published: bool | None = field(description="Whether members are shown it.")
    is_permanently_closed: bool | None = field(description="Whether it has closed for good.")
