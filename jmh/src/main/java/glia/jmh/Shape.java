package glia.jmh;

import java.util.List;

/// The shape of a weight matrix, written `2048x5632` for 2048 inputs and 5632 outputs.
///
/// @param cols number of inputs
/// @param rows number of outputs
record Shape(int cols, int rows) {
    /// The name for all matrices of `LAYER`.
    static final String LAYER_NAME = "layer";

    /// The matrices of a layer of a Llama of 1.1 billion parameters: queries, keys, values, output, gate, up, down.
    static final List<Shape> LAYER = List.of(new Shape(2048, 2048), new Shape(2048, 256), new Shape(2048, 256),
            new Shape(2048, 2048), new Shape(2048, 5632), new Shape(2048, 5632), new Shape(5632, 2048));

    static Shape parse(String text) {
        String[] sizes = text.split("x");
        if (sizes.length != 2) {
            throw new IllegalArgumentException("a shape is written like 2048x5632, not '" + text + "'");
        }
        return new Shape(Integer.parseInt(sizes[0]), Integer.parseInt(sizes[1]));
    }

    /// One shape, or all of a layer.
    static List<Shape> parseAll(String text) {
        return text.equals(LAYER_NAME) ? LAYER : List.of(parse(text));
    }

    long size() {
        return (long) cols * rows;
    }
}
