package glia.jinja;

import glia.jinja.value.Access;
import glia.jinja.value.Budget;
import glia.jinja.value.Types;
import glia.jinja.value.Undefined;

import java.util.ArrayList;
import java.util.List;

/// The way to a part of each element, as filters take it for `attribute`: a key, an index, or several with dots
/// between them; the element itself where it is `none`.
record AttributePath(List<Object> parts, Budget budget) {
    static AttributePath of(Object attribute, Budget budget) {
        List<Object> parts = new ArrayList<>();
        if (attribute != null && Types.kind(attribute) != Types.Kind.TEXT) {
            parts.add(attribute);
        } else if (attribute != null) {
            budget.scan(attribute.toString().length());
            for (String part : attribute.toString().split("\\.", -1)) {
                boolean index = !part.isEmpty() && part.length() < 10 && part.chars().allMatch(Character::isDigit);
                parts.add(index ? (Object) Long.parseLong(part) : part);
            }
        }
        return new AttributePath(parts, budget);
    }

    /// The part of an item; `otherwise` in place of what is undefined, unless it is null.
    Object get(Object item, Object otherwise) {
        Object part = item;
        for (Object name : parts) {
            part = Access.item(part, name, budget);
            if (otherwise != null && part instanceof Undefined) {
                part = otherwise;
            }
        }
        return part;
    }
}
