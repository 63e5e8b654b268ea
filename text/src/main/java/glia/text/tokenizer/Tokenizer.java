package glia.text.tokenizer;

import glia.io.CheckpointException;
import glia.io.gguf.GgufMetadata;
import glia.jinja.value.TextBuilder;
import glia.jinja.value.TrustedText;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Collections;
import java.util.OptionalInt;
import java.util.Set;
import java.util.concurrent.CompletableFuture;

/// Turns texts into token ids and back.
///
/// Encoding is Hugging Face's own, by DJL's build of its library: whole texts, never cut short and never padded, and
/// nothing is sent anywhere. Decoding is exact: the bytes of the ids are joined and read as UTF-8.
///
/// Texts are Java strings; an unpaired surrogate, which no UTF-8 can hold, is encoded as U+FFFD. Thread-safe. Loading
/// takes some 100 ms and may run beside other work.
public final class Tokenizer {
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

    /// The tokenizer of a folder in the Hugging Face layout, from `tokenizer.json` and the files beside it.
    ///
    /// @throws CheckpointException if there is none, its files contradict themselves or each other, or it is of a kind
    ///     that is not known; byte-pair, WordPiece and Unigram models are
    /// @throws IOException if a file cannot be read
    public static Tokenizer load(Path folder) throws IOException {
        loadLibrary();
        return whole(new TokenizerFolder(folder).spec());
    }

    /// The tokenizer in the metadata of a GGUF file: of the models `gpt2`, with a known pre-tokenizer, and `llama`.
    ///
    /// @throws CheckpointException if there is none, or one that is not known; the message lists those that are
    public static Tokenizer fromGguf(GgufMetadata metadata) throws CheckpointException {
        loadLibrary();
        return whole(GgufTokenizer.read(metadata));
    }

    /// The same for a file that `fromGguf` found sound before: what costs most is put off until a second text is
    /// encoded or `prepare` is called.
    ///
    /// @throws CheckpointException as `fromGguf`, but not for each flaw in the lists; `encode` throws these, unchecked
    public static Tokenizer fromKnownGguf(GgufMetadata metadata) throws CheckpointException {
        loadLibrary();
        TokenizerSpec spec = GgufTokenizer.read(metadata);
        return new Tokenizer(spec, Encoder.whenNeeded(spec.source(), spec.origin()));
    }

    /// Begins what was put off, beside other work.
    public void prepare() {
        encoder.prepare();
    }

    /// Begins to load the native code, so that it is there when it is needed; a failure shows then.
    private static void loadLibrary() {
        CompletableFuture.runAsync(NativeLibrary::load,
                task -> Thread.ofPlatform().daemon().name("tokenizer-load").start(task));
    }

    /// The ids of a text. Special tokens in the text are recognized: for text from strangers use `encodePlain`.
    ///
    /// @param addSpecial whether the tokenizer's own tokens go around it, as `addsBos` tells
    /// @throws IllegalArgumentException if the text has more than 2,000,000 characters
    public int[] encode(String text, boolean addSpecial) {
        int[] ids = encoder.encode(text);
        return addSpecial ? spec.template().around(ids) : ids;
    }

    /// The ids of a text of which some stretches are trusted, such as a rendered conversation. Markers (`isMarker`) are
    /// recognized only where all their characters are trusted; elsewhere their text is text like any other. A text
    /// without markers in other stretches has the ids of `encode(String, boolean)`. The first text with such a marker
    /// takes as long as loading.
    ///
    /// @param addSpecial whether the tokenizer's own tokens go around it, as `addsBos` tells
    /// @throws IllegalArgumentException if the text has more than 2,000,000 characters
    public int[] encode(TrustedText text, boolean addSpecial) {
        int[] ids = trustedEncoder.encode(text);
        return addSpecial ? spec.template().around(ids) : ids;
    }

    /// The ids of a text of which nothing is trusted: it cannot speak with the model's markers.
    ///
    /// @param addSpecial whether the tokenizer's own tokens go around it, as `addsBos` tells
    /// @throws IllegalArgumentException if the text has more than 2,000,000 characters
    public int[] encodePlain(String text, boolean addSpecial) {
        return encode(new TextBuilder().append(text).whole(), addSpecial);
    }

    /// Whether the token steers the model and has no business in text from strangers: special tokens (`<|im_end|>`),
    /// and added tokens in brackets such as `<think>` and `<tool_call>`, HTML elements left aside.
    public boolean isMarker(int id) {
        return spec.vocabulary().isMarker(id);
    }

    /// The text of these ids.
    ///
    /// @param skipSpecial whether special tokens are left out
    /// @throws IllegalArgumentException if an id is outside the vocabulary
    public String decode(int[] ids, boolean skipSpecial) {
        StreamingDecoder decoder = streamingDecoder(skipSpecial);
        for (int id : ids) {
            decoder.append(id);
        }
        return decoder.finish();
    }

    /// The text of ids that a model made, as `decode` gives it. Markers that are tokens in it are trusted: encoded as a
    /// part of a conversation they are these tokens again, and what only looks like them is not.
    ///
    /// @param skipSpecial whether special tokens are left out
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

    /// A decoder for ids that come one at a time.
    public StreamingDecoder streamingDecoder(boolean skipSpecial) {
        return new StreamingDecoder(spec.vocabulary(), spec.decoder(), skipSpecial);
    }

    /// The number of token ids, one more than the largest. A model's logits may have more columns, for padding.
    public int vocabSize() {
        return spec.vocabulary().size();
    }

    /// A token's piece as the vocabulary writes it (`Ġhello`, `▁hello`, `<0x0A>`), to show; empty for unused ids.
    ///
    /// @throws IllegalArgumentException if the id is outside the vocabulary
    public String piece(int id) {
        return spec.vocabulary().piece(id);
    }

    /// The id of a piece as the vocabulary writes it.
    public OptionalInt id(String piece) {
        return spec.vocabulary().id(piece);
    }

    /// Whether this is a control token, which `decode` can leave out.
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

    /// The tokens that end an answer: EOS, and in chat models the end of a turn.
    public Set<Integer> endOfGeneration() {
        return Collections.unmodifiableSet(spec.endOfGeneration());
    }

    /// Whether `encode` puts BOS before a text when it is asked to add special tokens.
    public boolean addsBos() {
        OptionalInt bos = bos();
        return bos.isPresent() && Arrays.stream(spec.template().before()).anyMatch(id -> id == bos.getAsInt());
    }
}
