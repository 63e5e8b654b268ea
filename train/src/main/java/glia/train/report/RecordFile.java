package glia.train.report;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.util.zip.CRC32C;

/// A file of TFRecords: the length of a record in 8 bytes, the masked CRC-32C of these, the record and its masked
/// CRC-32C, all little-endian.
///
/// @see <a href="https://www.tensorflow.org/tutorials/load_data/tfrecord#tfrecords_format_details">TFRecord format</a>
final class RecordFile implements AutoCloseable {
    private static final int MASK_DELTA = 0xa282ead8;
    private static final int FRAME_BYTES = 16;

    private final FileChannel channel;
    private long end;

    RecordFile(FileChannel channel) {
        this.channel = channel;
    }

    /// Appends a record. After a failed write the next record takes its place.
    void append(byte[] content) throws IOException {
        ByteBuffer bytes = ByteBuffer.allocate(content.length + FRAME_BYTES).order(ByteOrder.LITTLE_ENDIAN);
        bytes.putLong(content.length);
        bytes.putInt(maskedCrc(bytes.array(), 0, Long.BYTES));
        bytes.put(content);
        bytes.putInt(maskedCrc(content, 0, content.length));
        bytes.flip();
        long at = end;
        while (bytes.hasRemaining()) {
            at += channel.write(bytes, at);
        }
        end = at;
    }

    /// The checksum rotated right by 15 bits, plus a constant, so that a checksum of data that holds checksums differs.
    static int maskedCrc(byte[] bytes, int from, int length) {
        CRC32C crc = new CRC32C();
        crc.update(bytes, from, length);
        return Integer.rotateRight((int) crc.getValue(), 15) + MASK_DELTA;
    }

    @Override
    public void close() throws IOException {
        channel.close();
    }
}
