package glia.text.tokenizer;

import glia.io.CheckpointException;
import glia.io.gguf.GgufMetadata;
import glia.io.hub.ContentHash;
import glia.jinja.value.TextBuilder;
import glia.jinja.value.TrustedText;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.OptionalInt;
import java.util.Set;
import java.util.concurrent.CancellationException;
import java.util.concurrent.CompletableFuture;

/// Encodes text as token ids and decodes token ids.
///
/// Encoding uses Hugging Face's tokenizers library in DJL's build, without truncation, padding or telemetry. Decoding
/// is exact: the bytes of all tokens are joined and read as UTF-8.
///
/// An unpaired surrogate in a text, which UTF-8 cannot represent, is encoded as U+FFFD. Thread-safe. Loading takes some
/// 100 ms and may run on a thread of its own.
public final class Tokenizer {
    /// Texts of so many characters are encoded at once.
    private static final int SHORT_TEXT = 32 << 10;

    /// The texts of mask tokens.
    public static final List<String> MASKS = List.of("[MASK]", "<mask>");

    private final TokenizerSpec spec;
    private final Encoder encoder;
    private final TrustedEncoder trustedEncoder;

    private Tokenizer(TokenizerSpec spec, Encoder encoder) {
        this.spec = spec;
        this.encoder = encoder;
        this.trustedEncoder = new TrustedEncoder(spec, encoder);
    }

    private static Tokenizer whole(TokenizerSpec spec) throws CheckpointException {
        return new Tokenizer(spec, Encoder.whole(spec.source(), spec.origin()));
    }

    /// Loads the tokenizer of a folder in the Hugging Face layout, from `tokenizer.json` and the files beside it. BPE,
    /// WordPiece and Unigram models are supported.
    ///
    /// @throws CheckpointException if there is no tokenizer, its files are invalid or contradict each other, or a
    ///     component is not supported
    /// @throws IOException if a file cannot be read
    public static Tokenizer load(Path folder) throws IOException {
        loadLibrary();
        return whole(TokenizerFolder.read(folder));
    }

    /// Loads the tokenizer in the metadata of a GGUF file. Supported are the models `gpt2` with a known pre-tokenizer,
    /// `llama`, `gemma4`, `bert` and `t5`.
    ///
    /// @throws CheckpointException if there is no tokenizer or it is not supported; the message lists those that are
    public static Tokenizer fromGguf(GgufMetadata metadata) throws CheckpointException {
        loadLibrary();
        return whole(GgufTokenizer.read(metadata));
    }

    /// As [#fromGguf], for a file that was checked before. The whole vocabulary is loaded when a second text is encoded
    /// or [#prepare] is called.
    ///
    /// @throws CheckpointException as `fromGguf`, except for some errors in the vocabulary, which `encode` throws as
    ///     `UncheckedIOException`
    public static Tokenizer fromKnownGguf(GgufMetadata metadata) throws CheckpointException {
        loadLibrary();
        TokenizerSpec spec = GgufTokenizer.read(metadata);
        return new Tokenizer(spec, Encoder.whenNeeded(spec.source(), spec.origin()));
    }

    /// Starts to load the whole vocabulary on another thread.
    public void prepare() {
        encoder.prepare();
    }

    /// Starts to load the native library on another thread. A failure is thrown by its first use.
    private static void loadLibrary() {
        CompletableFuture.runAsync(NativeLibrary::load,
                task -> Thread.ofPlatform().daemon().name("tokenizer-load").start(task));
    }

    /// Encodes a text. Special tokens in the text are recognized: for untrusted text use [#encodePlain].
    ///
    /// @param addSpecial whether to add the tokens of the post-processor, such as BOS
    /// @throws java.util.concurrent.CancellationException if the thread is interrupted while it encodes a text of more
    ///     characters than the native library takes at once, 2,000,000 for most tokenizers
    public int[] encode(String text, boolean addSpecial) {
        int[] ids = encoder.encode(text);
        return addSpecial ? spec.template().around(ids) : ids;
    }

    /// Encodes a text with trusted and untrusted parts, such as a rendered conversation. Markers ([#isMarker]) are
    /// recognized only where all their characters are trusted; elsewhere they are encoded as plain text. A text without
    /// markers in untrusted parts has the ids of `encode(String, boolean)`. The first text with such a marker takes as
    /// long as loading the tokenizer.
    ///
    /// @param addSpecial whether to add the tokens of the post-processor, such as BOS
    public int[] encode(TrustedText text, boolean addSpecial) {
        int[] ids = trustedEncoder.encode(text);
        return addSpecial ? spec.template().around(ids) : ids;
    }

    /// Encodes an untrusted text: no marker in it is recognized.
    ///
    /// @param addSpecial whether to add the tokens of the post-processor, such as BOS
    public int[] encodePlain(String text, boolean addSpecial) {
        return encode(new TextBuilder().append(text).whole(), addSpecial);
    }

    /// The begin of a text that has many more tokens than can be used, or the whole text. It is found by encoding ever
    /// longer beginnings: the library cannot be stopped, and takes many seconds for millions of characters without
    /// blanks.
    ///
    /// @param most the most tokens that can be used
    /// @return the whole text, or the begin of one that has more than `most` tokens: its first `most` ones are those of
    ///     the text
    /// @throws CancellationException if the thread is interrupted
    public String beginning(String text, int most) {
        for (long length = Math.max(SHORT_TEXT, 2L * most); length < text.length(); length *= 2) {
            if (Thread.currentThread().isInterrupted()) {
                throw new CancellationException("encoding a text was cancelled");
            }
            // The last tokens of a beginning may be others in the whole text.
            String begin = text.substring(0, (int) length);
            if (encodePlain(begin, false).length > 2L * most) {
                return begin;
            }
        }
        return text;
    }

    /// The tokens that a pair of texts has after the first one, besides those after each text: a second separator in
    /// RoBERTa, none in BERT.
    public int[] beforeSecond() {
        return spec.template().beforeSecond();
    }

    /// Whether a token is a marker, which untrusted text must not contain: a special token (`<|im_end|>`) or an added
    /// token in brackets such as `<think>` and `<tool_call>`, but not an HTML element.
    public boolean isMarker(int id) {
        return spec.vocabulary().isMarker(id);
    }

    /// Decodes token ids.
    ///
    /// @param skipSpecial whether to leave out special tokens
    /// @throws IllegalArgumentException if an id is outside the vocabulary
    public String decode(int[] ids, boolean skipSpecial) {
        StreamingDecoder decoder = streamingDecoder(skipSpecial);
        for (int id : ids) {
            decoder.append(id);
        }
        return decoder.finish();
    }

    /// Decodes generated token ids to the text of [#decode], in which marker tokens are trusted and text that only
    /// looks like a marker is not. Encoding the result gives the same markers.
    ///
    /// @param skipSpecial whether to leave out special tokens
    /// @throws IllegalArgumentException if an id is outside the vocabulary
    public TrustedText decodeTrusted(int[] ids, boolean skipSpecial) {
        StreamingDecoder decoder = streamingDecoder(skipSpecial);
        TextBuilder text = new TextBuilder();
        for (int id : ids) {
            String next = decoder.accept(id);
            String marker = isMarker(id) ? piece(id) : "";
            int start = next.endsWith(marker) ? next.length() - marker.length() : next.length();
            text.append(next.substring(0, start)).trusted(next.substring(start));
        }
        return text.append(decoder.finish()).whole();
    }

    /// A decoder for ids that arrive one at a time.
    public StreamingDecoder streamingDecoder(boolean skipSpecial) {
        return new StreamingDecoder(spec.vocabulary(), spec.decoder(), skipSpecial);
    }

    /// The number of token ids, one more than the largest. A model's logits may have more columns, for padding.
    public int vocabSize() {
        return spec.vocabulary().size();
    }

    /// The text of a token as the vocabulary has it (`Ġhello`, `▁hello`, `<0x0A>`); empty for unused ids.
    ///
    /// @throws IllegalArgumentException if the id is outside the vocabulary
    public String piece(int id) {
        return spec.vocabulary().piece(id);
    }

    /// The bytes that a token adds to a decoded text. They need not be whole characters. Empty for unused ids.
    ///
    /// @throws IllegalArgumentException if the id is outside the vocabulary
    public byte[] bytes(int id) {
        Utf8Buffer buffer = new Utf8Buffer();
        spec.decoder().append(spec.vocabulary().piece(id), spec.vocabulary().isAdded(id), buffer);
        return buffer.takeBytes();
    }

    /// The most spaces that decoding drops at the begin of a text.
    public int leadingSpaces() {
        return spec.decoder().leadingSpaces();
    }

    /// The id of a token whose text in the vocabulary is `piece`.
    public OptionalInt id(String piece) {
        return spec.vocabulary().id(piece);
    }

    /// Whether a token is special, so that `decode` can leave it out.
    public boolean isSpecial(int id) {
        return spec.vocabulary().isSpecial(id);
    }

    /// The token that begins a text.
    public OptionalInt bos() {
        return spec.bos();
    }

    /// The token that ends a text.
    public OptionalInt eos() {
        return spec.eos();
    }

    /// The token that hides another one, for masked language models: one of [#MASKS].
    public OptionalInt mask() {
        return MASKS.stream().map(this::id).filter(OptionalInt::isPresent).findFirst().orElse(OptionalInt.empty());
    }

    /// The tokens that end generation: EOS and, in chat models, the end of a turn.
    public Set<Integer> endOfGeneration() {
        return Collections.unmodifiableSet(spec.endOfGeneration());
    }

    /// The SHA-256, in hexadecimal digits, of all that decides which ids a text has: vocabulary, merges, normalizer,
    /// pre-tokenizer and special tokens. Files of token ids are compared by it.
    ///
    /// @throws CheckpointException if the vocabulary is invalid
    public String fingerprint() throws CheckpointException {
        String special = Arrays.toString(spec.template().around(new int[0])) + spec.bos() + spec.eos();
        return ContentHash.sha256((spec.json() + special).getBytes(StandardCharsets.UTF_8));
    }

    /// Whether `encode` with `addSpecial` puts BOS before a text.
    public boolean addsBos() {
        OptionalInt bos = bos();
        return bos.isPresent() && Arrays.stream(spec.template().before()).anyMatch(id -> id == bos.getAsInt());
    }
}
