package glia.jinja.value;

/// The result of `keys()`, `values()` and `items()` of a dict; it reflects later changes of the dict.
public record DictView(DictValue dict, Part part) {
    /// The part of the entries that a view shows.
    public enum Part { KEYS, VALUES, ITEMS }

    /// A list of the current elements.
    public ListValue list(Budget budget) {
        ListValue list = new ListValue(budget);
        for (DictValue.Entry entry : dict.entries()) {
            list.add(switch (part) {
                case KEYS -> entry.key();
                case VALUES -> entry.value();
                case ITEMS -> TupleValue.of(budget, entry.key(), entry.value());
            }, budget);
        }
        return list;
    }

    String typeName() {
        return switch (part) {
            case KEYS -> "dict_keys";
            case VALUES -> "dict_values";
            case ITEMS -> "dict_items";
        };
    }
}
