"""What the shop's worker does."""


def add_tax(amount):
    return amount * 119 // 100


def bill(amount):
    return f"to pay: {add_tax(amount)}"
