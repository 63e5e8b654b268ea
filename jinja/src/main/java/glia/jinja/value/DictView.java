package glia.jinja.value;

/// What `keys()`, `values()` and `items()` of a dict return: it follows the dict's changes.
public record DictView(DictValue dict, Part part) {
    /// Which part of the entries it shows.
    public enum Part { KEYS, VALUES, ITEMS }

    /// A list of what is in view now.
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
