"""A synthetic assortment: plausible names, brands and prices, the same for the same seed."""

from __future__ import annotations

import random
from collections.abc import Iterator
from typing import Any

SHELVES = {
    ("GROCERY", "SNACKS"): "tortilla chips,potato chips,pretzels,popcorn,crackers,trail mix",
    ("GROCERY", "SOFT DRINKS"): "cola,lemonade,ginger ale,root beer,orange soda,tonic water",
    ("GROCERY", "CANDY"): "chocolate bar,gummy bears,caramels,licorice,peppermints,fudge",
    ("GROCERY", "COOKIES"): "oatmeal cookies,sandwich cookies,wafers,shortbread,fig bars",
    ("GROCERY", "CEREALS"): "corn flakes,granola,muesli,oats,puffed rice,bran flakes",
    ("GROCERY", "PASTA"): "spaghetti,macaroni,penne,lasagna,noodles,fusilli",
    ("GROCERY", "SAUCES"): "marinara sauce,salsa,ketchup,mustard,mayonnaise,soy sauce",
    ("GROCERY", "CANNED"): "black beans,chickpeas,diced tomatoes,tuna,sweet corn,lentil soup",
    ("GROCERY", "BAKING"): "flour,sugar,baking powder,vanilla extract,brown sugar,yeast",
    ("GROCERY", "COFFEE AND TEA"): "ground coffee,espresso beans,green tea,black tea,herbal tea",
    ("DAIRY", "MILK"): "whole milk,skim milk,almond milk,oat milk,soy milk,buttermilk",
    ("DAIRY", "CHEESE"): "cheddar cheese,mozzarella,parmesan,cream cheese,goat cheese,feta",
    ("DAIRY", "YOGURT"): "greek yogurt,strawberry yogurt,kefir,vanilla yogurt",
    ("PRODUCE", "FRUIT"): "apples,bananas,blueberries,oranges,grapes,avocados,lemons",
    ("PRODUCE", "VEGETABLES"): "spinach,broccoli,carrots,zucchini,eggplant,potatoes,onions",
    ("MEAT", "BEEF"): "ground beef,sirloin steak,beef ribs,stew beef,brisket",
    ("MEAT", "POULTRY"): "chicken breast,turkey breast,chicken wings,chicken thighs",
    ("SEAFOOD", "FISH"): "salmon fillet,cod fillet,shrimp,tilapia,crab meat",
    ("BAKERY", "BREAD"): "wheat bread,sourdough,bagels,baguette,dinner rolls,rye bread",
    ("FROZEN", "MEALS"): "pepperoni pizza,cheese pizza,burritos,lasagna dinner,vegetable stir fry",
    ("FROZEN", "DESSERTS"): "vanilla ice cream,chocolate ice cream,sorbet,frozen yogurt",
    ("DRUG GM", "BABY"): "diapers,baby wipes,baby food,infant formula,baby lotion",
    ("DRUG GM", "HOUSEHOLD"): "laundry detergent,paper towels,toilet paper,dish soap,trash bags",
    ("DRUG GM", "BODY CARE"): "shampoo,conditioner,toothpaste,deodorant,hand soap,sunscreen",
    ("DRUG GM", "PETS"): "dog food,cat food,cat litter,dog treats,bird seed",
}
"""Kinds of goods by department and category."""
TRAITS = (
    "organic,natural,classic,original,premium,fresh,light,low sodium,gluten free,whole grain,"
    "unsweetened,fair trade,vegan,crunchy,creamy,spicy,roasted,smoked,sliced,family size,mini,"
    "homestyle,farmhouse,golden,country,artisan,reduced fat,sugar free,honey,garlic,lime,cinnamon,"
    "sea salt,maple,rosemary,jalapeno,mango,coconut,cherry,lemon"
)
SYLLABLES = "ba,ber,ca,den,el,fa,gro,ha,kin,la,lor,ma,mel,nor,o,pel,ra,ros,sta,tan,ver,wil"
BRANDS = 20_000
SIZES = ("8 OZ", "12 OZ", "16 OZ", "1 LB", "2 LB", "32 OZ", "64 OZ", "6 PK", "12 PK")
VENDORS = 200


def products(count: int, source: random.Random) -> Iterator[dict[str, Any]]:
    """Yield as many products, each of one variant, as the catalogue takes them."""
    brands = sorted({_brand(source) for _ in range(BRANDS)})
    # A few brands make most of the goods.
    weights = [1 / (rank + 5) for rank in range(len(brands))]
    makers = source.choices(brands, weights, k=count)
    shelves = list(SHELVES.items())
    for number, brand in enumerate(makers):
        (department, category), kinds = source.choice(shelves)
        kind = source.choice(kinds.split(","))
        traits = source.sample(TRAITS.split(","), source.choice((0, 1, 1, 2)))
        yield {
            "sku": f"B{number:06d}",
            "product_id": f"B{number:06d}",
            "name": " ".join([brand, *traits, kind]).title(),
            "vendor_id": f"v-{source.randrange(VENDORS)}",
            "brand": brand.title(),
            "department": department,
            "category": category,
            "product_type": kind.upper(),
            "package_size": source.choice(SIZES),
            "mass_grams": source.randrange(100, 3_000),
            "unit": "each",
            "currency": "USD",
            "list_price_minor": int(source.lognormvariate(6.0, 0.6)),
        }


def _brand(source: random.Random) -> str:
    return "".join(source.choices(SYLLABLES.split(","), k=source.choice((2, 3, 4))))
