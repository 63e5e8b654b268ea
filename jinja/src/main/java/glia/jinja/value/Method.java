package glia.jinja.value;

/// A method of a string, list, tuple or dict, bound to its object.
record Method(Object target, String name) implements Callable {
    /// Whether the target has a method of this name.
    static boolean exists(Object target, String name) {
        return switch (Types.kind(target)) {
            case TEXT -> TextMethods.exists(name);
            case LIST -> ListMethods.exists(name);
            case TUPLE, RANGE -> name.equals("index") || name.equals("count");
            case DICT -> DictMethods.exists(name);
            default -> false;
        };
    }

    @Override
    public Object call(Arguments arguments, Budget budget) {
        budget.step();
        budget.operands(target, arguments);
        if (target instanceof Markup markup) {
            return MarkupMethods.call(markup.text(), name, arguments, budget);
        }
        return switch (Types.kind(target)) {
            case TEXT -> TextMethods.call(target, name, arguments, budget);
            case DICT -> DictMethods.call((DictValue) target, name, arguments, budget);
            default -> ListMethods.call((Sequence) target, name, arguments, budget);
        };
    }
}
