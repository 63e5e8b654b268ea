package glia.io.safetensors;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;

/// Builds files byte by byte, also malformed ones.
final class SafetensorsBytes {
    private SafetensorsBytes() { }

    static byte[] of(String header, int numDataBytes) {
        byte[] json = header.getBytes(StandardCharsets.UTF_8);
        return of(json.length, json, numDataBytes);
    }

    static byte[] of(long headerLength, byte[] header, int numDataBytes) {
        ByteBuffer file = ByteBuffer.allocate(8 + header.length + numDataBytes).order(ByteOrder.LITTLE_ENDIAN);
        file.putLong(headerLength).put(header);
        for (int i = 0; i < numDataBytes; i++) {
            file.put((byte) i);
        }
        return file.array();
    }

    /// An entry of a header.
    static String entry(String name, String dtype, String shape, long begin, long end) {
        return "\"" + name + "\":{\"dtype\":\"" + dtype + "\",\"shape\":" + shape + ",\"data_offsets\":[" + begin + ","
                + end + "]}";
    }
}
