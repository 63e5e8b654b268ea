package glia.jinja.value;

import java.util.Iterator;

/// An iterator that can be read once, the result of filters such as `map` and `select`. It is always true, and has no
/// length and no indices.
public record Generator(Iterator<Object> values) {
}
