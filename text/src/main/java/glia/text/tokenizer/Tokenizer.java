package glia.text.tokenizer;

import glia.io.CheckpointException;
import glia.io.gguf.GgufMetadata;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Collections;
import java.util.HashSet;
import java.util.OptionalInt;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.Executor;

/// Turns texts into token ids and back.
///
/// Encoding is Hugging Face's own, by DJL's build of its library: whole texts, never cut short and never padded, and
/// nothing is sent anywhere. Decoding is exact: the bytes of the ids are joined and read as UTF-8.
///
/// Texts are Java strings; an unpaired surrogate, which no UTF-8 can hold, is encoded as U+FFFD. Thread-safe. Loading
/// takes some 100 ms and may run beside other work.
public final class Tokenizer {
    private static final Executor BESIDE = task -> Thread.ofPlatform().daemon().name("tokenizer-load").start(task);

    private final TokenizerSpec spec;
    private final NativeTokenizer encoder;
    private final TokenizerSpec.Affixes affixes;
    private volatile NativeTokenizer plainEncoder;

    private Tokenizer(TokenizerSpec spec, NativeTokenizer encoder) {
        this.spec = spec;
        this.encoder = encoder;
        this.affixes = spec.affixes().apply(encoder);
    }

    /// The tokenizer of a folder in the Hugging Face layout, from `tokenizer.json` and the files beside it.
    ///
    /// @throws CheckpointException if there is none or its files contradict themselves or each other
    /// @throws IOException if a file cannot be read
    public static Tokenizer load(Path folder) throws IOException {
        TokenizerFolder files = new TokenizerFolder(folder);
        String json = files.json();
        var early = CompletableFuture.supplyAsync(() -> NativeTokenizer.of(json), BESIDE);
        TokenizerSpec spec = files.spec(json);
        try {
            boolean asIs = spec.json().equals(json);
            return new Tokenizer(spec, asIs ? early.join() : NativeTokenizer.of(spec.json()));
        } catch (CompletionException e) {
            throw refused(spec, e.getCause());
        } catch (IllegalArgumentException e) {
            throw refused(spec, e);
        }
    }

    /// The tokenizer in the metadata of a GGUF file: of the models `gpt2`, with a known pre-tokenizer, and `llama`.
    ///
    /// @throws CheckpointException if there is none, or one that is not known; the message lists those that are
    public static Tokenizer fromGguf(GgufMetadata metadata) throws CheckpointException {
        // Has its answer by the time the library is needed; a failure shows there.
        CompletableFuture.runAsync(NativeLibrary::load, BESIDE);
        TokenizerSpec spec = GgufTokenizer.read(metadata);
        try {
            return new Tokenizer(spec, NativeTokenizer.of(spec.json()));
        } catch (IllegalArgumentException e) {
            throw refused(spec, e);
        }
    }

    /// Where the machine cannot run the native code, that is no fault of the file.
    private static CheckpointException refused(TokenizerSpec spec, Throwable cause) {
        if (cause instanceof IllegalArgumentException) {
            return new CheckpointException(spec.origin(), "tokenizer", "cannot be used: " + cause.getMessage(), cause);
        }
        throw cause instanceof RuntimeException e ? e : new IllegalStateException(cause);
    }

    /// The ids of a text. Special tokens in the text are recognised: for text from strangers use `encodePlain`.
    ///
    /// @param addSpecial whether the tokenizer's own tokens go around it, as `addsBos` tells
    public int[] encode(String text, boolean addSpecial) {
        int[] ids = encoder.encode(text, false);
        if (!addSpecial || affixes.before().length + affixes.after().length == 0) {
            return ids;
        }
        int[] all = new int[affixes.before().length + ids.length + affixes.after().length];
        System.arraycopy(affixes.before(), 0, all, 0, affixes.before().length);
        System.arraycopy(ids, 0, all, affixes.before().length, ids.length);
        System.arraycopy(affixes.after(), 0, all, affixes.before().length + ids.length, affixes.after().length);
        return all;
    }

    /// The ids of a text that may not speak with the model's control tokens: where it holds the text of an added token
    /// (`<|im_end|>`, `<think>`), this is text like any other. Runs of white space and tokens of one or two characters
    /// are no control tokens, and are recognised. The first call takes as long as loading.
    public int[] encodePlain(String text) {
        NativeTokenizer plain = plainEncoder;
        if (plain == null) {
            synchronized (this) {
                plain = plainEncoder;
                if (plain == null) {
                    plain = NativeTokenizer.of(TokenizerJsonEditor.withoutAddedTokens(spec.json(), marks()));
                    plainEncoder = plain;
                }
            }
        }
        return plain.encode(text, false);
    }

    private Set<String> marks() {
        Set<String> marks = new HashSet<>();
        for (int id = 0; id < vocabSize(); id++) {
            String piece = piece(id);
            boolean blank = piece.chars().allMatch(c -> Character.isWhitespace(c) || c == '▁');
            if (spec.vocabulary().isAdded(id) && piece.length() > 2 && !blank) {
                marks.add(piece);
            }
        }
        return marks;
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
        for (int id : affixes.before()) {
            if (bos.isPresent() && bos.getAsInt() == id) {
                return true;
            }
        }
        return false;
    }
}
