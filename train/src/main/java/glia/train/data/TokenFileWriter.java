package glia.train.data;

import glia.io.CheckpointException;
import glia.io.file.AtomicFile;
import glia.text.tokenizer.Tokenizer;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.HexFormat;

/// Encodes a source and writes a [TokenFile]. Documents of less than two tokens are left out: they predict nothing.
final class TokenFileWriter implements ParallelEncoder.Consumer {
    private final AtomicFile.Output out;
    private final DocumentEncoder encoder;
    private final int vocabSize;
    private final int tokenBytes;
    private long[] starts = new long[16];
    private int numDocuments;
    private long numTokens;
    private long numUnknown;
    /// The tokens of the current document that are not written yet: its first pieces, while it has less than two.
    private int[] held = {};
    private boolean isOpen;

    private TokenFileWriter(AtomicFile.Output out, Tokenizer tokenizer) {
        this.out = out;
        encoder = new DocumentEncoder(tokenizer);
        vocabSize = tokenizer.vocabSize();
        tokenBytes = vocabSize <= 1 << 16 ? 2 : 4;
    }

    /// Writes a file.
    ///
    /// @param sourcesHash SHA-256 in hexadecimal digits
    /// @throws CheckpointException if a source cannot be read, is not as described or holds no text
    static void write(Path target, TextSource source, Tokenizer tokenizer, String tokenizerHash, String sourcesHash)
            throws CheckpointException {
        CheckpointException[] ofSource = new CheckpointException[1];
        try {
            AtomicFile.write(target, AtomicFile.IfExists.REPLACE, out -> {
                TokenFileWriter writer = new TokenFileWriter(out, tokenizer);
                writer.header(tokenizerHash, sourcesHash);
                try (ParallelEncoder encoder = new ParallelEncoder(writer.encoder, writer)) {
                    source.read(TextPieces.MAX_CHARACTERS, encoder);
                    encoder.finish();
                    writer.finish(source);
                } catch (CheckpointException e) {
                    ofSource[0] = e;
                    throw e;
                }
            });
        } catch (CheckpointException e) {
            // The error of a source is not one of writing.
            throw ofSource[0] != null ? ofSource[0] : e;
        }
    }

    private void header(String tokenizerHash, String sourcesHash) throws IOException {
        ByteBuffer header = buffer(TokenFile.HEADER_BYTES);
        header.put(TokenFile.MAGIC.getBytes(StandardCharsets.ISO_8859_1));
        header.putInt(TokenFile.VERSION).putInt(tokenBytes).putInt(vocabSize).putInt(0);
        header.put(HexFormat.of().parseHex(tokenizerHash)).put(HexFormat.of().parseHex(sourcesHash));
        out.write(header.array());
    }

    private static ByteBuffer buffer(int bytes) {
        return ByteBuffer.allocate(bytes).order(ByteOrder.LITTLE_ENDIAN);
    }

    /// Adds the tokens of a piece of the current document.
    @Override
    public void accept(int[] ids) throws IOException {
        numUnknown += encoder.numUnknown(ids);
        if (ids.length > 0 && !isOpen) {
            isOpen = true;
            append(encoder.before());
        }
        append(ids);
    }

    /// Ends the current document.
    @Override
    public void end() throws IOException {
        if (isOpen) {
            append(encoder.after());
        }
        isOpen = false;
        if (held.length == 0 && numTokens > starts[numDocuments]) {
            if (++numDocuments == starts.length) {
                starts = Arrays.copyOf(starts, 2 * starts.length);
            }
            starts[numDocuments] = numTokens;
        }
        held = new int[0];
    }

    private void append(int[] ids) throws IOException {
        int[] all = ids;
        if (numTokens == starts[numDocuments]) {
            all = Arrays.copyOf(held, held.length + ids.length);
            System.arraycopy(ids, 0, all, held.length, ids.length);
            if (all.length < 2) {
                held = all;
                return;
            }
            held = new int[0];
        }
        ByteBuffer bytes = buffer(all.length * tokenBytes);
        for (int id : all) {
            if (tokenBytes == 2) {
                bytes.putShort((short) id);
            } else {
                bytes.putInt(id);
            }
        }
        out.write(bytes.array());
        numTokens += all.length;
    }

    private void finish(TextSource source) throws IOException {
        if (numDocuments == 0) {
            throw new CheckpointException(source.files().getFirst(), "", "found no text to train on in "
                    + source.files().size() + " file(s), expected documents of two tokens or more");
        }
        out.pad(8);
        ByteBuffer documents = buffer(8 * 1024);
        for (int i = 0; i <= numDocuments; i++) {
            documents.putLong(starts[i]);
            if (!documents.hasRemaining() || i == numDocuments) {
                out.write(Arrays.copyOf(documents.array(), documents.position()));
                documents.clear();
            }
        }
        ByteBuffer end = buffer(TokenFile.END_BYTES);
        end.putLong(numTokens).putLong(numDocuments).putLong(numUnknown);
        end.put(TokenFile.MAGIC.getBytes(StandardCharsets.ISO_8859_1));
        out.write(end.array());
    }
}
