package glia.jinja;

import glia.jinja.value.Access;
import glia.jinja.value.Budget;
import glia.jinja.value.Types;
import glia.jinja.value.Undefined;

import java.util.ArrayList;
import java.util.List;

/// The argument `attribute` of filters: a key, an index, or several joined by dots, looked up in each element; `none`
/// is the element itself.
record AttributePath(List<Object> parts, Budget budget) {
    private static final int PART_BYTES = 256;

    static AttributePath of(Object attribute, Budget budget) {
        List<Object> parts = new ArrayList<>();
        if (attribute != null && Types.kind(attribute) != Types.Kind.TEXT) {
            parts.add(attribute);
        } else if (attribute != null) {
            budget.work(attribute.toString().length());
            budget.bytes(8L * attribute.toString().length());
            for (String part : attribute.toString().split("\\.", -1)) {
                budget.step();
                budget.items(1);
                budget.bytes(PART_BYTES);
                boolean index = !part.isEmpty() && part.length() < 10 && part.chars().allMatch(Character::isDigit);
                parts.add(index ? (Object) Long.parseLong(part) : part);
            }
        }
        return new AttributePath(parts, budget);
    }

    /// The part of an item; `otherwise`, unless it is null, where the part is undefined.
    Object get(Object item, Object otherwise) {
        Object part = item;
        for (int i = 0; i < parts.size(); i++) {
            budget.step();
            part = Access.item(part, parts.get(i), budget);
            if (otherwise != null && part instanceof Undefined) {
                part = otherwise;
            }
        }
        return part;
    }
}
