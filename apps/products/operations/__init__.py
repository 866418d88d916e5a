"""Every change to the catalogue. What changes an article raises its version and is told to the
world in the same commit."""

from apps.products.operations.buying import cancel_purchases, confirm_purchases, note_purchases
from apps.products.operations.categories import TooDeep, move_category, save_category
from apps.products.operations.importing import Article, NewProduct, import_products
from apps.products.operations.listing import index_words, relist
from apps.products.operations.options import remove_option, rename_value, save_option
from apps.products.operations.pictures import remove_picture, save_picture
from apps.products.operations.products import activate, deactivate, move_product, save_product
from apps.products.operations.reviews import (
    NotBought,
    Written,
    approve_review,
    reject_review,
    write_review,
)
from apps.products.operations.rows import take_turns
from apps.products.operations.sales import (
    begin_sale,
    delete_price_list,
    drop_sale_price,
    end_sale,
    save_price_list,
    set_sale_price,
)
from apps.products.operations.stock import record_availability
from apps.products.operations.telling import announce
from apps.products.operations.variants import change_price, save_variant
from apps.products.operations.waiting import NotSoldOut, leave, wait_for

__all__ = [
    "Article",
    "NewProduct",
    "NotBought",
    "NotSoldOut",
    "TooDeep",
    "Written",
    "activate",
    "announce",
    "approve_review",
    "begin_sale",
    "cancel_purchases",
    "change_price",
    "confirm_purchases",
    "deactivate",
    "delete_price_list",
    "drop_sale_price",
    "end_sale",
    "import_products",
    "index_words",
    "leave",
    "move_category",
    "move_product",
    "note_purchases",
    "record_availability",
    "reject_review",
    "relist",
    "remove_option",
    "remove_picture",
    "rename_value",
    "save_category",
    "save_option",
    "save_picture",
    "save_price_list",
    "save_product",
    "save_variant",
    "set_sale_price",
    "take_turns",
    "wait_for",
    "write_review",
]
