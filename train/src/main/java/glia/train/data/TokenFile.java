package glia.train.data;

import glia.io.CheckpointException;
import glia.io.file.MappedFile;
import glia.io.file.TensorEntry;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.HexFormat;

/// Documents as token ids in a memory-mapped file. All numbers are little-endian:
///
/// - header, 128 bytes: `GLIATOKN`, version (int, 1), bytes of a token id (int, 2 or 4), size of the vocabulary (int),
///   4 zeros, SHA-256 of the tokenizer (32 bytes), SHA-256 of the sources (32 bytes), zeros
/// - N token ids of 2 or 4 bytes, padded with zeros to a multiple of 8 bytes
/// - M + 1 longs: where each of M documents begins, and N
/// - end, 32 bytes: N (long), M (long), number of unknown tokens (long), `GLIATOKN`
///
/// Sizes and document starts are checked when a file is opened, and each token id when it is read. Any number of
/// threads may read.
public final class TokenFile implements Documents, AutoCloseable {
    static final String MAGIC = "GLIATOKN";
    static final int VERSION = 1;
    static final int HEADER_BYTES = 128;
    static final int END_BYTES = 32;
    static final int HASH_BYTES = 32;
    static final int TOKENIZER_AT = 24;
    static final int SOURCES_AT = TOKENIZER_AT + HASH_BYTES;
    private static final ValueLayout.OfInt INT = ValueLayout.JAVA_INT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
    private static final ValueLayout.OfLong LONG = ValueLayout.JAVA_LONG_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
    private static final ValueLayout.OfShort SHORT =
            ValueLayout.JAVA_SHORT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);

    private final MappedFile file;
    private final MemorySegment memory;
    private final int tokenBytes;
    private final int vocabSize;
    private final long numTokens;
    private final long numDocuments;
    private final long numUnknown;
    private final long documentsAt;

    private TokenFile(MappedFile file) throws CheckpointException {
        this.file = file;
        expect(file.sizeBytes() >= HEADER_BYTES + 8 + END_BYTES && file.startsWith(MAGIC), "", "is no token file",
                "the beginning " + MAGIC + " and a header of " + HEADER_BYTES + " bytes");
        memory = file.map();
        int version = memory.get(INT, 8);
        expect(version == VERSION, "version", "found " + version, Integer.toString(VERSION));
        tokenBytes = memory.get(INT, 12);
        expect(tokenBytes == 2 || tokenBytes == 4, "bytes of a token", "found " + tokenBytes, "2 or 4");
        vocabSize = memory.get(INT, 16);
        expect(vocabSize > 0 && (tokenBytes == 4 || vocabSize <= 1 << 16), "size of the vocabulary",
                "found " + vocabSize, "1 to " + (tokenBytes == 4 ? Integer.MAX_VALUE : 1 << 16));
        long end = file.sizeBytes() - END_BYTES;
        numTokens = memory.get(LONG, end);
        numDocuments = memory.get(LONG, end + 8);
        numUnknown = memory.get(LONG, end + 16);
        expect(new String(memory.asSlice(end + 24, 8).toArray(ValueLayout.JAVA_BYTE),
                StandardCharsets.ISO_8859_1).equals(MAGIC), "byte " + (end + 24),
                "found another mark at the end", MAGIC + "; the file is truncated");
        long most = file.sizeBytes();
        expect(numTokens >= 0 && numTokens <= most && numDocuments >= 0 && numDocuments <= most && numUnknown >= 0
                && numUnknown <= numTokens, "end", "found " + numTokens + " tokens, " + numDocuments
                + " documents and " + numUnknown + " unknown tokens", "numbers that fit " + most + " bytes");
        documentsAt = TensorEntry.align(HEADER_BYTES + numTokens * tokenBytes, 8);
        expect(documentsAt + (numDocuments + 1) * 8 == end, "end", "found " + most + " bytes", documentsAt
                + (numDocuments + 1) * 8 + END_BYTES + " for " + numTokens + " tokens in " + numDocuments
                + " documents");
        checkStarts();
    }

    private void checkStarts() throws CheckpointException {
        long before = 0;
        for (long i = 0; i <= numDocuments; i++) {
            long start = memory.get(LONG, documentsAt + 8 * i);
            expect(i == 0 ? start == 0 : start > before, "document " + i, "begins at token " + start,
                    i == 0 ? "0" : "more than " + before);
            before = start;
        }
        expect(before == numTokens, "document " + numDocuments, "ends at token " + before, Long.toString(numTokens));
    }

    private void expect(boolean holds, String where, String found, String expected) throws CheckpointException {
        if (!holds) {
            throw new CheckpointException(file.path(), where, found + ", expected " + expected
                    + "; delete the file to have it written again");
        }
    }

    /// Opens a file.
    ///
    /// @throws CheckpointException if it cannot be read, is no token file or contradicts itself
    public static TokenFile open(Path path) throws CheckpointException {
        MappedFile file = MappedFile.open(path);
        try {
            return new TokenFile(file);
        } catch (Throwable e) {
            file.close();
            throw e;
        }
    }

    /// The file.
    public Path path() {
        return file.path();
    }

    @Override
    public long size() {
        return numTokens;
    }

    @Override
    public long numDocuments() {
        return numDocuments;
    }

    /// How many tokens stand for text that the vocabulary does not have.
    public long numUnknown() {
        return numUnknown;
    }

    /// The number of token ids; all ids are below.
    public int vocabSize() {
        return vocabSize;
    }

    /// The SHA-256 of the tokenizer.
    public String tokenizerHash() {
        return hash(TOKENIZER_AT);
    }

    /// The SHA-256 of the sources and of how they were read.
    public String sourcesHash() {
        return hash(SOURCES_AT);
    }

    private String hash(int at) {
        return HexFormat.of().formatHex(memory.asSlice(at, HASH_BYTES).toArray(ValueLayout.JAVA_BYTE));
    }

    @Override
    public long start(long document) {
        if (document < 0 || document > numDocuments) {
            throw new IndexOutOfBoundsException("document " + document + " of " + numDocuments);
        }
        return memory.get(LONG, documentsAt + 8 * document);
    }

    /// Copies ids.
    ///
    /// @throws IllegalStateException if an id of the file is not below the size of the vocabulary
    @Override
    public void read(long from, int count, int[] to) {
        if (from < 0 || count < 0 || from > numTokens - count) {
            throw new IndexOutOfBoundsException("tokens " + from + " to " + (from + count) + " of " + numTokens);
        }
        long at = HEADER_BYTES + from * tokenBytes;
        for (int i = 0; i < count; i++) {
            int id = tokenBytes == 2 ? memory.get(SHORT, at + 2L * i) & 0xFFFF : memory.get(INT, at + 4L * i);
            if (id < 0 || id >= vocabSize) {
                throw new IllegalStateException(file.path() + ": token " + (from + i) + ": found the id " + id
                        + ", expected one below " + vocabSize + "; delete the file to have it written again");
            }
            to[i] = id;
        }
    }

    @Override
    public void close() {
        file.close();
    }
}
