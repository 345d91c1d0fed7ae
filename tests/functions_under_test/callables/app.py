from functools import partial


class Greeter:
    def __init__(self, word):
        self.word = word

    def __call__(self, event, context):
        return f"{self.word} from an instance"

    def method(self, event, context):
        return f"{self.word} from a method"


class Answer(dict):
    def __init__(self, event, context):
        super().__init__(word="hello from a class")


def greet(how, event, context):
    return f"hello from {how}"


instance = Greeter("hello")
method = instance.method
anonymous = lambda event, context: "hello from a lambda"
prepared = partial(greet, "a partial")
number = 5
