package glia.io.gguf;

import glia.tensor.DType;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;

/// Builds GGUF files field by field, also malformed ones, and records the offset of each field.
final class GgufBytes {
    private final GgufOutput out = new GgufOutput();
    /// Offsets of counts, lengths, types, dimensions and data offsets, for tests that damage them.
    final List<Integer> fields = new ArrayList<>();

    GgufBytes(int version, long numTensors, long numValues) {
        out.bytes("GGUF".getBytes(StandardCharsets.US_ASCII));
        field().int32(version);
        field().int64(numTensors);
        field().int64(numValues);
    }

    private GgufOutput field() {
        fields.add(out.toBytes().length);
        return out;
    }

    GgufBytes string(String text) {
        field().string(text);
        return this;
    }

    GgufBytes int32(int value) {
        field().int32(value);
        return this;
    }

    GgufBytes int64(long value) {
        field().int64(value);
        return this;
    }

    GgufBytes raw(int... bytes) {
        for (int b : bytes) {
            out.bytes(new byte[] {(byte) b});
        }
        return this;
    }

    GgufBytes value(String key, Object value) {
        string(key);
        GgufValue v = GgufValue.ofJava(value);
        int32(v.kind().ordinal());
        if (v.content() instanceof GgufValue.GgufList list) {
            field();
            out.list(list);
        } else {
            field().scalar(v.kind(), v.content());
        }
        return this;
    }

    /// @param dims innermost first, as in the format
    GgufBytes tensor(String name, int type, long place, long... dims) {
        string(name).int32(dims.length);
        for (long dim : dims) {
            int64(dim);
        }
        return int32(type).int64(place);
    }

    GgufBytes tensor(String name, DType dtype, long place, long... dims) {
        return tensor(name, GgufHeader.GgufTypes.number(dtype), place, dims);
    }

    int size() {
        return out.toBytes().length;
    }

    /// The file: the header, padding to 32, and `numDataBytes` bytes 0, 1, 2, ….
    byte[] withData(int numDataBytes) {
        byte[] header = out.toBytes();
        int start = (header.length + 31) / 32 * 32;
        ByteBuffer file = ByteBuffer.allocate(start + numDataBytes).order(ByteOrder.LITTLE_ENDIAN).put(header);
        for (int i = 0; i < numDataBytes; i++) {
            file.put(start + i, (byte) i);
        }
        return file.array();
    }
}
