"""A member, or another person or program Omneo keeps a profile of."""

from datetime import date, datetime
from decimal import Decimal

import strawberry
from strawberry import field
from strawberry.scalars import JSON

from resolvers.access import needs
from resolvers.balances import resolve_profile_balances
from resolvers.benefit import (
    resolve_profile_benefits,
    resolve_profile_claimable_benefits,
    resolve_profile_redeemable_benefits,
    resolve_profile_viewable_benefits,
)
from resolvers.profile import (
    profile_gender,
    profile_type,
    resolve_find_profile,
    resolve_me,
    resolve_profile,
    resolve_profiles,
)
from resolvers.redemption import resolve_profile_redemptions
from resolvers.times import calendar_day, tenant_time, utc_time
from resolvers.words import Gender, ProfileType
from schema.balances import Balances
from schema.benefit import Benefit
from schema.benefit_definition import BenefitDefinition, Region
from schema.location import Location
from schema.paging import Connection
from schema.redemption import Redemption


@strawberry.type(description="A profile's standing in the tiers of the programme.")
class Tier:
    id: strawberry.ID | None = field(description="Omneo's number for this standing.")
    profile_id: strawberry.ID | None = field(description="Whose standing it is.")
    name: str = field(description="The tier's name, such as Silver.")
    handle: str = field(description="The tier's name, as programs know it.")
    anniversary_at: datetime | None = field(
        resolver=tenant_time("anniversary_at"), description="The anniversary of the standing, as Omneo tells it."
    )
    maintained_at: datetime | None = field(
        resolver=tenant_time("maintained_at"), description="When it was last confirmed."
    )
    assigned_at: datetime | None = field(resolver=tenant_time("assigned_at"), description="When staff assigned it.")
    achieved_at: datetime | None = field(resolver=tenant_time("achieved_at"), description="When it was reached.")


@strawberry.type(description="A profile's name in another system, such as a loyalty card number.")
class Identity:
    id: strawberry.ID = field(description="Omneo's number for the identity.")
    handle: str = field(description="Which system, such as `loyalty_card`.")
    identifier: str = field(description="The profile's name there.")
    is_primary: bool | None = field(description="Whether it is the profile's main identity.")
    is_active: bool | None = field(description="Whether it is in use.")
    created_at: datetime | None = field(resolver=utc_time("created_at"), description="When it was made, in UTC.")
    updated_at: datetime | None = field(resolver=utc_time("updated_at"), description="When it last changed, in UTC.")


@strawberry.type(description="A postal address of a profile.")
class Address:
    id: strawberry.ID | None = field(description="Omneo's number for the address.")
    address_line_1: str | None = field(name="addressLine1", description="First line.")
    address_line_2: str | None = field(name="addressLine2", description="Second line.")
    address_line_3: str | None = field(name="addressLine3", description="Third line.")
    company: str | None = field(description="Company.")
    city: str | None = field(description="City or suburb.")
    state: str | None = field(description="State or province.")
    iso_state: str | None = field(description="State or province as its ISO code.")
    postcode: str | None = field(description="Postcode.")
    country: str | None = field(description="Country.")
    iso: str | None = field(description="Country as its ISO 3166 code.")
    is_default: bool | None = field(description="Whether it is the one to use.")
    latitude: str | None = field(description="Latitude in degrees.")
    longitude: str | None = field(description="Longitude in degrees.")
    notes: str | None = field(description="Notes for whoever delivers.")
    external_id: str | None = field(description="The retailer's own number for it.")


@strawberry.type(description="What a profile said about itself, beyond its fields.")
class ProfileAttributes:
    comms: JSON | None = field(
        description="What it agreed to receive: names such as `email_promo`, with true or false."
    )
    appearance: JSON | None = field(description="Sizes and looks, by name.")
    dates: JSON | None = field(description="Days that matter, such as a wedding: a list.")


@strawberry.type(description="A member of the retailer's programme, with what they hold.")
class Profile:
    id: strawberry.ID = field(description="The profile's UUID.")
    external_id: str | None = field(description="Its main name in another system: the identifier of its main identity.")
    title: str | None = field(description="Form of address.")
    first_name: str | None = field(description="First name.")
    last_name: str | None = field(description="Last name.")
    full_name: str | None = field(description="Both names together.")
    email: str | None = field(description="E-mail address; no two profiles share one.")
    gender: Gender | None = field(resolver=profile_gender, description="What the member said of their gender.")
    currency: str | None = field(description="The ISO 4217 currency the member uses.")
    joined_at: datetime | None = field(resolver=tenant_time("joined_at"), description="When they joined.")
    mobile_phone: str | None = field(description="Mobile phone; no two profiles share one.")
    mobile_phone_country: int | None = field(description="Its country code, such as 61.")
    mobile_phone_national: str | None = field(description="Its national number without the leading zero.")
    mobile_phone_national_prefix: str | None = field(description="Its national number as dialled at home.")
    mobile_phone_e164: str | None = field(
        name="mobilePhoneE164", description="The number in international form, such as +61404123123."
    )
    secondary_phone: str | None = field(description="Another phone.")
    birth_day: int | None = field(description="Day of birth, 1 to 31.")
    birth_month: int | None = field(description="Month of birth, 1 to 12.")
    birth_year: int | None = field(description="Year of birth.")
    birth_date: date | None = field(resolver=calendar_day("birth_date"), description="Date of birth.")
    next_birthday: date | None = field(resolver=calendar_day("next_birthday"), description="The next birthday.")
    birth_days: int | None = field(description="Days until the next birthday.")
    birth_days_past: int | None = field(description="Days since the last birthday.")
    company: str | None = field(description="Where they work.")
    occupation: str | None = field(description="What they do.")
    avatar_url: str | None = field(description="Address of their picture.")
    is_completed: bool | None = field(description="Whether all details are filled in.")
    is_public: bool | None = field(description="Whether other members may see the profile.")
    profile_type: ProfileType | None = field(resolver=profile_type, description="What kind of profile this is.")
    joined_location_id: strawberry.ID | None = field(description="Omneo's number for the place where they joined.")
    joined_location: Location | None = field(description="Where they joined.")
    preferred_location_id: strawberry.ID | None = field(description="Omneo's number for the place they prefer.")
    preferred_location: Location | None = field(description="The place they prefer.")
    joined_staff_id: strawberry.ID | None = field(description="Omneo's id of who signed them up.")
    joined_staff: JSON | None = field(description="Who signed them up, as Omneo tells it.")
    preferred_staff_id: strawberry.ID | None = field(description="Omneo's id of who looks after them.")
    preferred_staff: JSON | None = field(description="Who looks after them, as Omneo tells it.")
    tier_handle: str | None = field(description="Handle of their tier.")
    tier: Tier | None = field(description="Their standing in the tiers; null when they have none.")
    identities: list[Identity] = field(description="Their names in other systems.")
    tags: list[str] = field(description="Handles of the tags they carry.")
    statuses: list[str] = field(description="Handles of the statuses they have.")
    statuses_original: JSON | None = field(description="The statuses in full, as Omneo tells them.")
    attributes: ProfileAttributes | None = field(
        description="What they agreed to receive, sizes, and days that matter."
    )
    custom_attributes: JSON | None = field(description="The retailer's own attributes, by namespace and handle.")
    custom_fields: JSON | None = field(description="The retailer's own fields.")
    address: Address | None = field(description="The address to use.")
    addresses: list[Address] = field(description="All addresses.")
    region: Region | None = field(description="The region they belong to.")
    regions: list[Region] = field(description="All regions they belong to.")
    normal_hours: JSON | None = field(description="Usual working hours, for profiles of staff.")
    special_hours: JSON | None = field(description="Working hours on special days, for profiles of staff.")
    organisations: JSON | None = field(description="Organisations they belong to.")
    reward_balance: Decimal | None = field(description="Reward money they have.")
    point_balance: Decimal | None = field(description="Points they have.")
    point_balance_dollars: Decimal | None = field(description="What their points are worth in money.")
    combined_balance_dollars: Decimal | None = field(description="Reward money and points together, in money.")
    benefit_balance: Decimal | None = field(description="How many benefits they have.")
    credit_balance: Decimal | None = field(description="Store credit they have.")
    created_by: str | None = field(description="What created the profile.")
    created_at: datetime | None = field(resolver=utc_time("created_at"), description="When it was made, in UTC.")
    updated_at: datetime | None = field(resolver=utc_time("updated_at"), description="When it last changed, in UTC.")

    balances = field(
        resolver=resolve_profile_balances,
        graphql_type=Balances | None,
        description="What they have to spend; `localised` is in the currency asked for.",
        metadata=needs("read-profiles"),
    )
    benefits = field(
        resolver=resolve_profile_benefits,
        graphql_type=Connection[Benefit] | None,
        description="The benefits they hold, lapsed ones included, oldest first.",
        metadata=needs("read-benefits"),
    )
    redeemable_benefits = field(
        resolver=resolve_profile_redeemable_benefits,
        graphql_type=Connection[Benefit] | None,
        description="The benefits they hold and can redeem now.",
        metadata=needs("read-benefits"),
    )
    claimable_benefits = field(
        resolver=resolve_profile_claimable_benefits,
        graphql_type=list[BenefitDefinition] | None,
        description="What they may claim now.",
        metadata=needs("read-benefit-definitions"),
    )
    viewable_benefits = field(
        resolver=resolve_profile_viewable_benefits,
        graphql_type=list[BenefitDefinition] | None,
        description="What they may be shown, whether or not they may claim it.",
        metadata=needs("read-benefit-definitions"),
    )
    redemptions = field(
        resolver=resolve_profile_redemptions,
        graphql_type=Connection[Redemption] | None,
        description="What they redeemed, oldest first.",
        metadata=needs("read-redemptions"),
    )


@strawberry.type
class ProfileQuery:
    me = field(
        resolver=resolve_me,
        graphql_type=Profile | None,
        description="The member who is asking; null for a service.",
        metadata=needs(),
    )
    profile = field(
        resolver=resolve_profile,
        graphql_type=Profile | None,
        description="One profile by its id; members see their own. Null when there is none.",
        metadata=needs("read-profiles"),
    )
    find_profile = field(
        resolver=resolve_find_profile,
        graphql_type=Profile | None,
        description="One profile by e-mail address or by its name in another system. Services only.",
        metadata=needs("read-profiles", members=False),
    )
    profiles = field(
        resolver=resolve_profiles,
        graphql_type=Connection[Profile],
        description="All profiles of the retailer, oldest first. Services only.",
        metadata=needs("read-profiles", members=False),
    )
