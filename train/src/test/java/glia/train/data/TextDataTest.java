package glia.train.data;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import glia.io.CheckpointException;
import glia.text.tokenizer.Tokenizer;
import glia.train.tokenizer.SpecialTokens;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Arrays;
import java.util.List;
import java.util.function.Consumer;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class TextDataTest {
    private static final SpecialTokens BOTH = SpecialTokens.NONE.with(SpecialTokens.BOS, "<s>")
            .with(SpecialTokens.EOS, "</s>");

    @TempDir
    private Path folder;

    private static int[] all(Documents documents) {
        int[] ids = new int[(int) documents.size()];
        documents.read(0, ids.length, ids);
        return ids;
    }

    private static int[] joined(int[]... parts) {
        return Stream.of(parts).flatMapToInt(IntStream::of).toArray();
    }

    private static String hashes(Path file) throws Exception {
        try (TokenFile tokens = TokenFile.open(file)) {
            return tokens.tokenizerHash() + tokens.sourcesHash();
        }
    }

    private Path corpus() throws Exception {
        return Files.writeString(folder.resolve("a.jsonl"), """
                {"text": "hear me speak."}
                {"text": ""}
                {"text": "Speak <s> speak."}
                """);
    }

    @Test
    void documentsBeginWithBosAndEndWithEosAndMarkersInThemAreText() throws Exception {
        Tokenizer tokenizer = TestTokenizers.bytes(folder.resolve("t"), 300, BOTH);
        int bos = tokenizer.bos().orElseThrow();
        int[] eos = {tokenizer.eos().orElseThrow()};
        int[] first = joined(tokenizer.encodePlain("hear me speak.", true), eos);
        int[] second = joined(tokenizer.encodePlain("Speak <s> speak.", true), eos);
        try (TextData data = TextData.open(TextSource.of(corpus()), tokenizer, folder.resolve("x.tokens"))) {
            assertArrayEquals(joined(first, second), all(data.documents()));
            assertEquals(2, data.numExamples());
            assertEquals(first.length, data.documents().start(1));
            assertEquals(2, IntStream.of(all(data.documents())).filter(id -> id == bos).count());
            assertEquals(0, data.documents().documentAt(first.length - 1));
            assertEquals(1, data.documents().documentAt(first.length));
        }
    }

    @Test
    void theFileIsWrittenAgainWhenTextOrTokenizerChange() throws Exception {
        Tokenizer tokenizer = TestTokenizers.bytes(folder.resolve("t"), 300, BOTH);
        Path cache = folder.resolve("x.tokens");
        Path corpus = corpus();
        TextData.open(TextSource.of(corpus), tokenizer, cache).close();
        Object first = Files.readAttributes(cache, "unix:ino,lastModifiedTime");
        TextData.open(TextSource.of(corpus), TestTokenizers.bytes(folder.resolve("t2"), 300, BOTH), cache).close();
        assertEquals(first, Files.readAttributes(cache, "unix:ino,lastModifiedTime"));

        Tokenizer other = TestTokenizers.bytes(folder.resolve("u"), 301, BOTH);
        assertNotEquals(tokenizer.fingerprint(), other.fingerprint());
        String before = hashes(cache);
        TextData.open(TextSource.of(corpus), other, cache).close();
        assertNotEquals(before, hashes(cache));
        before = hashes(cache);
        Files.writeString(corpus, "{\"text\": \"hear me speak!\"}\n");
        try (TextData data = TextData.open(TextSource.of(corpus), other, cache)) {
            assertEquals(1, data.numExamples());
        }
        assertNotEquals(before, hashes(cache));
        byte[] bytes = Files.readAllBytes(cache);
        Files.write(cache, Arrays.copyOf(bytes, bytes.length - 1));
        TextData.open(TextSource.of(corpus), other, cache).close();
        assertArrayEquals(bytes, Files.readAllBytes(cache));
    }

    @Test
    void otherFilesAreNotOverwrittenAndFailedRunsLeaveNothing() throws Exception {
        Tokenizer tokenizer = TestTokenizers.bytes(folder.resolve("t"), 300, BOTH);
        Path corpus = corpus();
        var e = assertThrows(CheckpointException.class,
                () -> TextData.open(TextSource.of(corpus), tokenizer, corpus));
        assertTrue(e.getMessage().contains("was not overwritten"), e.getMessage());
        Files.writeString(corpus, "{\"text\": \"a b\"}\n{\n");
        e = assertThrows(CheckpointException.class,
                () -> TextData.open(TextSource.of(corpus), tokenizer, folder.resolve("x.tokens")));
        assertTrue(e.getMessage().contains("a.jsonl: line 2"), e.getMessage());
        Files.writeString(corpus, "{\"text\": \"\"}\n");
        e = assertThrows(CheckpointException.class,
                () -> TextData.open(TextSource.of(corpus), tokenizer, folder.resolve("x.tokens")));
        assertTrue(e.getMessage().contains("found no text"), e.getMessage());
        try (Stream<Path> files = Files.list(folder)) {
            assertEquals(2, files.count());
        }
    }

    @Test
    void hostileFilesAreRefused() throws Exception {
        Tokenizer tokenizer = TestTokenizers.bytes(folder.resolve("t"), 300, BOTH);
        Path cache = folder.resolve("x.tokens");
        TextData.open(TextSource.of(corpus()), tokenizer, cache).close();
        byte[] good = Files.readAllBytes(cache);
        int end = good.length - TokenFile.END_BYTES;
        long numTokens = ByteBuffer.wrap(good).order(ByteOrder.LITTLE_ENDIAN).getLong(end);
        refuse(good, 0, "version", buffer -> buffer.putInt(8, 2));
        refuse(good, 0, "bytes of a token", buffer -> buffer.putInt(12, 3));
        refuse(good, 0, "size of the vocabulary", buffer -> buffer.putInt(16, 70_000));
        refuse(good, 0, "size of the vocabulary", buffer -> buffer.putInt(16, -1));
        refuse(good, 0, "end", buffer -> buffer.putLong(end, Long.MAX_VALUE / 2));
        refuse(good, 0, "end", buffer -> buffer.putLong(end, numTokens + 8));
        refuse(good, 0, "end", buffer -> buffer.putLong(end + 8, -1));
        refuse(good, 0, "end", buffer -> buffer.putLong(end + 16, numTokens + 1));
        refuse(good, 0, "document 1", buffer -> buffer.putLong(end - 16, 0));
        refuse(good, 0, "document 2", buffer -> buffer.putLong(end - 8, numTokens + 1));
        refuse(good, 0, "is no token file", buffer -> buffer.put(0, (byte) 'X'));
        refuse(good, 1, "truncated", buffer -> { });
        refuse(good, good.length - 100, "is no token file", buffer -> { });
        byte[] bad = good.clone();
        bad[TokenFile.HEADER_BYTES + 1] = (byte) 0xFF;
        Files.write(cache, bad);
        try (TokenFile file = TokenFile.open(cache)) {
            var e = assertThrows(IllegalStateException.class, () -> file.read(0, 1, new int[1]));
            assertTrue(e.getMessage().contains("token 0: found the id"), e.getMessage());
            assertThrows(IndexOutOfBoundsException.class, () -> file.read(Long.MAX_VALUE, 1, new int[1]));
            assertThrows(IndexOutOfBoundsException.class, () -> file.read(numTokens, 1, new int[1]));
        }
    }

    private void refuse(byte[] good, int shorter, String where, Consumer<ByteBuffer> change)
            throws Exception {
        byte[] bytes = Arrays.copyOf(good, good.length - shorter);
        change.accept(ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN));
        Path file = Files.write(folder.resolve("bad.tokens"), bytes);
        var e = assertThrows(CheckpointException.class, () -> TokenFile.open(file));
        assertTrue(e.getMessage().contains(where), e.getMessage());
    }

    @Test
    void wideVocabulariesTakeFourBytesAndUnknownCharactersAreCounted() throws Exception {
        StringBuilder many = new StringBuilder();
        IntStream.range(0x20, 0x11000).filter(c -> c < 0xD800 || c > 0xDFFF).forEach(many::appendCodePoint);
        Tokenizer tokenizer = TestTokenizers.characters(folder.resolve("t"), many.toString(), SpecialTokens.NONE);
        String text = many + "\n\uD83D\uDE42" + many;
        Path file = Files.writeString(folder.resolve("a.txt"), text);
        try (TextData data = TextData.open(TextSource.of(file), tokenizer, folder.resolve("x.tokens"))) {
            assertEquals(2, data.documents().numUnknown());
            assertEquals(text.codePointCount(0, text.length()), data.numTokens());
            assertArrayEquals(tokenizer.encodePlain(text, false), all(data.documents()));
        }
    }

    @Test
    void piecesOfALongDocumentHaveTheTokensOfTheWhole() throws Exception {
        Tokenizer tokenizer = TestTokenizers.bytes(folder.resolve("t"), 400, SpecialTokens.NONE);
        String text = (TestTokenizers.TEXT + "\r\n  indented\n\n\nx\n").repeat(8000);
        assertTrue(text.length() > 2 * TextPieces.MAX_CHARACTERS);
        Path file = Files.writeString(folder.resolve("a.txt"), text);
        try (TextData data = TextData.open(TextSource.of(file), tokenizer, folder.resolve("x.tokens"))) {
            assertArrayEquals(tokenizer.encodePlain(text, false), all(data.documents()));
        }
    }

    /// Reads a corpus of 96 MB with a heap of 48 MB.
    @Tag("slow")
    @Test
    void filesMayBeLargerThanTheHeap() throws Exception {
        TestTokenizers.characters(folder.resolve("t"), TestTokenizers.TEXT, BOTH);
        Path file = folder.resolve("a.txt");
        String part = TestTokenizers.TEXT.repeat(12_000);
        for (int i = 0; i < 96; i++) {
            Files.writeString(file, part, StandardOpenOption.CREATE, StandardOpenOption.APPEND);
        }
        Process process = new ProcessBuilder(Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-Xmx48m", "--enable-native-access=ALL-UNNAMED", "-cp", System.getProperty("java.class.path"),
                LargeCorpus.class.getName(), folder.toString()).redirectErrorStream(true).start();
        String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        assertEquals(0, process.waitFor(), output);
        assertTrue(Files.size(file) > 80 << 20);
        assertTrue(output.contains("tokens " + (Files.size(file) + 2) + " documents 1"), output);
    }

    @Test
    void splitsAreDisjointAndBetweenDocuments() throws Exception {
        Documents one = Documents.of(List.of(IntStream.range(0, 1000).toArray()));
        Documents.Split split = one.split(0.1);
        assertEquals(900, split.train().size());
        assertEquals(100, split.validation().size());
        assertArrayEquals(all(one), joined(all(split.train()), all(split.validation())));
        assertEquals(1, split.validation().numDocuments());

        Documents many = Documents.of(IntStream.range(2, 40).mapToObj(n -> IntStream.range(0, n).toArray()).toList());
        for (double share : new double[] {0.3, 0.5, 0.9}) {
            Documents.Split parts = many.split(share);
            assertEquals(many.numDocuments(), parts.train().numDocuments() + parts.validation().numDocuments());
            assertArrayEquals(all(many), joined(all(parts.train()), all(parts.validation())));
            assertEquals(0, all(parts.validation())[0]);
            for (long i = 0; i <= parts.validation().numDocuments(); i++) {
                assertEquals(many.start(parts.train().numDocuments() + i) - parts.train().size(),
                        parts.validation().start(i));
            }
        }
        Documents two = Documents.of(List.of(IntStream.range(0, 500).toArray(), IntStream.range(500, 800).toArray()));
        Documents.Split ends = two.split(0.1);
        assertArrayEquals(joined(IntStream.range(0, 450).toArray(), IntStream.range(500, 770).toArray()),
                all(ends.train()));
        assertArrayEquals(joined(IntStream.range(450, 500).toArray(), IntStream.range(770, 800).toArray()),
                all(ends.validation()));
        assertEquals(50, ends.validation().start(1));
        int[] across = new int[4];
        ends.validation().read(48, 4, across);
        assertArrayEquals(new int[] {498, 499, 770, 771}, across);
        assertThrows(IllegalArgumentException.class, () -> one.split(1));
        assertThrows(IllegalArgumentException.class, () -> one.split(0.0001));
        assertFalse(one.slice(3, 3).numDocuments() > 0);
    }
}
