package glia.io.picture;

import java.nio.BufferUnderflowException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;

/// The orientation in EXIF data, the one of its fields that changes what a picture shows.
final class Exif {
    private static final int ORIENTATION = 0x112;
    private static final String JPEG_START = "Exif\0\0";

    private Exif() { }

    /// The orientation, 1 to 8; 1 (upright) where the file says nothing, or is damaged there.
    static int orientation(String format, byte[] file) {
        ByteBuffer in = ByteBuffer.wrap(file);
        try {
            return switch (format) {
                case "jpeg" -> ofJpeg(in);
                case "png" -> ofChunks(in, 8, ByteOrder.BIG_ENDIAN, "eXIf");
                case "webp" -> ofChunks(in, 12, ByteOrder.LITTLE_ENDIAN, "EXIF");
                case "tiff" -> ofTiff(in);
                default -> 1;
            };
        } catch (BufferUnderflowException | IndexOutOfBoundsException | IllegalArgumentException e) {
            return 1;
        }
    }

    /// Segments: a marker, the length with its own two bytes, data.
    private static int ofJpeg(ByteBuffer in) {
        in.position(2);
        while ((in.get() & 255) == 0xff) {
            int marker = in.get() & 255;
            int length = in.getShort() & 0xffff;
            if (marker == 0xda) {
                break;
            }
            ByteBuffer data = in.slice(in.position(), length - 2);
            if (marker == 0xe1 && starts(data, JPEG_START)) {
                return ofTiff(data.slice(6, data.limit() - 6));
            }
            in.position(in.position() + length - 2);
        }
        return 1;
    }

    /// Chunks of PNG: length, name, data, checksum; of WebP: name, length, data to an even place.
    private static int ofChunks(ByteBuffer in, int start, ByteOrder order, String wanted) {
        in.order(order).position(start);
        boolean isPng = order == ByteOrder.BIG_ENDIAN;
        while (in.remaining() >= 8) {
            int first = in.getInt();
            int second = in.getInt();
            int length = isPng ? first : second;
            ByteBuffer name = ByteBuffer.allocate(4).order(order).putInt(isPng ? second : first).flip();
            if (starts(name, wanted)) {
                ByteBuffer data = in.slice(in.position(), length);
                return ofTiff(starts(data, JPEG_START) ? data.slice(6, length - 6) : data);
            }
            in.position(Math.addExact(in.position() + length, isPng ? 4 : length & 1));
        }
        return 1;
    }

    private static boolean starts(ByteBuffer data, String text) {
        byte[] bytes = text.getBytes(StandardCharsets.ISO_8859_1);
        return data.remaining() >= bytes.length && data.slice(data.position(), bytes.length)
                .equals(ByteBuffer.wrap(bytes));
    }

    /// The first directory: entries of a tag, a type, a count and a value.
    private static int ofTiff(ByteBuffer data) {
        data.order(data.get(0) == 'I' ? ByteOrder.LITTLE_ENDIAN : ByteOrder.BIG_ENDIAN).position(data.getInt(4));
        for (int left = data.getShort() & 0xffff; left > 0; left--) {
            int tag = data.getShort() & 0xffff;
            data.position(data.position() + 6);
            int value = data.getShort() & 0xffff;
            data.position(data.position() + 2);
            if (tag == ORIENTATION) {
                return value >= 1 && value <= 8 ? value : 1;
            }
        }
        return 1;
    }
}
