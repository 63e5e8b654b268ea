package glia.jinja.value;

import java.util.Iterator;

/// Values that are made as they are asked for, once: what filters such as `map` and `select` return. It is always
/// true, has no length and no indices.
public record Generator(Iterator<Object> values) {
}
