package glia.peer;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/// The F32 weights of an ONNX model under the names that they have on the hub. A product's matrix has a number for a
/// name and lies `[inputs, outputs]`; the name of the node that uses it identifies the parameter.
/// https://github.com/onnx/onnx/blob/main/onnx/onnx.proto
final class OnnxWeights {
    /// @param shape outermost dimension first
    record Weight(long[] shape, float[] values) {
        Weight transposed() {
            int rows = (int) shape[0];
            int cols = (int) shape[1];
            float[] turned = new float[values.length];
            for (int i = 0; i < values.length; i++) {
                turned[i % cols * rows + i / cols] = values[i];
            }
            return new Weight(new long[] {cols, rows}, turned);
        }
    }

    /// A field of a message of Protocol Buffers.
    private record Field(int number, long value, ByteBuffer bytes) { }

    private static final int GRAPH = 7;
    private static final int GRAPH_NODE = 1;
    private static final int GRAPH_INITIALIZER = 5;
    private static final String PRODUCT_SUFFIX = "/MatMul_output_0";

    private OnnxWeights() { }

    static Map<String, Weight> read(byte[] model) throws IOException {
        Map<String, Weight> byName = new LinkedHashMap<>();
        Map<String, String> owners = new LinkedHashMap<>();
        for (Field field : fields(ByteBuffer.wrap(model))) {
            if (field.number == GRAPH) {
                for (Field part : fields(field.bytes)) {
                    if (part.number == GRAPH_NODE) {
                        node(part.bytes, owners);
                    } else if (part.number == GRAPH_INITIALIZER) {
                        initializer(part.bytes, byName);
                    }
                }
            }
        }
        Map<String, Weight> named = new LinkedHashMap<>();
        byName.forEach((name, weight) -> {
            if (owners.containsKey(name)) {
                named.put(owners.get(name), weight.transposed());
            } else {
                named.put(name, weight);
            }
        });
        return named;
    }

    private static void node(ByteBuffer message, Map<String, String> owners) throws IOException {
        List<String> inputs = new ArrayList<>();
        String output = "";
        for (Field field : fields(message)) {
            if (field.number == 1) {
                inputs.add(text(field));
            } else if (field.number == 2) {
                output = text(field);
            }
        }
        if (output.endsWith(PRODUCT_SUFFIX)) {
            String owner = output.substring(1, output.length() - PRODUCT_SUFFIX.length()).replace('/', '.');
            inputs.stream().filter(name -> name.startsWith("onnx::")).forEach(name ->
                    owners.put(name, owner + ".weight"));
        }
    }

    private static void initializer(ByteBuffer message, Map<String, Weight> byName) throws IOException {
        long[] shape = {};
        long type = 0;
        String name = "";
        float[] values = {};
        for (Field field : fields(message)) {
            switch (field.number) {
                case 1 -> {
                    for (long dimension : field.bytes == null ? new long[] {field.value} : packed(field.bytes)) {
                        shape = Arrays.copyOf(shape, shape.length + 1);
                        shape[shape.length - 1] = dimension;
                    }
                }
                case 2 -> type = field.value;
                case 8 -> name = text(field);
                case 9 -> {
                    values = new float[field.bytes.remaining() / 4];
                    field.bytes.order(ByteOrder.LITTLE_ENDIAN).asFloatBuffer().get(values);
                }
                default -> { }
            }
        }
        if (type == 1) {
            byName.put(name, new Weight(shape, values));
        }
    }

    private static String text(Field field) {
        return StandardCharsets.UTF_8.decode(field.bytes).toString();
    }

    private static long[] packed(ByteBuffer bytes) {
        long[] values = {};
        while (bytes.hasRemaining()) {
            values = Arrays.copyOf(values, values.length + 1);
            values[values.length - 1] = varint(bytes);
        }
        return values;
    }

    private static List<Field> fields(ByteBuffer message) throws IOException {
        ByteBuffer in = message.duplicate();
        List<Field> fields = new ArrayList<>();
        while (in.hasRemaining()) {
            long key = varint(in);
            int number = (int) (key >>> 3);
            switch ((int) (key & 7)) {
                case 0 -> fields.add(new Field(number, varint(in), null));
                case 1 -> in.position(in.position() + 8);
                case 2 -> {
                    int length = (int) varint(in);
                    fields.add(new Field(number, 0, in.slice(in.position(), length)));
                    in.position(in.position() + length);
                }
                case 5 -> in.position(in.position() + 4);
                default -> throw new IOException("not Protocol Buffers");
            }
        }
        return fields;
    }

    private static long varint(ByteBuffer in) {
        long value = 0;
        for (int shift = 0; ; shift += 7) {
            byte b = in.get();
            value |= (long) (b & 0x7F) << shift;
            if (b >= 0) {
                return value;
            }
        }
    }
}
