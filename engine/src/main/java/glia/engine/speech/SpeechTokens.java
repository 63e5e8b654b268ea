package glia.engine.speech;

import glia.io.CheckpointException;
import glia.io.Config;
import glia.text.tokenizer.Tokenizer;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;

/// The tokens of Whisper that are no text, by `generation_config.json` and the tokenizer. Timestamps follow
/// `<|notimestamps|>` in steps of 20 ms.
final class SpeechTokens {
    static final double STEP = 0.02;

    private final Tokenizer tokenizer;
    final int start;
    final int end;
    final int previous;
    final int noTimestamps;
    final int noSpeech;
    final int transcribe;
    final int translate;
    /// The latest first timestamp.
    final int mostInitial;
    final Map<String, Integer> languages = new LinkedHashMap<>();
    final boolean[] suppressed;
    final int[] suppressedFirst;
    /// Pairs of layer and head; empty if the files do not tell.
    final List<int[]> alignmentHeads;

    SpeechTokens(Path folder, Tokenizer tokenizer, int vocabSize) throws CheckpointException {
        this.tokenizer = tokenizer;
        Path file = folder.resolve("generation_config.json");
        Config config = Config.readIfPresent(file);
        start = id("<|startoftranscript|>");
        end = id("<|endoftext|>");
        previous = id("<|startofprev|>");
        noTimestamps = config.integer("no_timestamps_token_id", id("<|notimestamps|>"));
        noSpeech = tokenizer.id("<|nospeech|>").orElse(tokenizer.id("<|nocaptions|>").orElse(-1));
        transcribe = tokenizer.id("<|transcribe|>").orElse(-1);
        translate = tokenizer.id("<|translate|>").orElse(-1);
        mostInitial = config.integer("max_initial_timestamp_index", 50);
        boolean isMultilingual = config.flag("is_multilingual", vocabSize >= 51_865);
        for (int i = start + 1; isMultilingual && translate > 0 && i < translate; i++) {
            String piece = tokenizer.piece(i);
            if (piece.matches("<\\|[a-z]{2,3}\\|>")) {
                languages.put(piece.substring(2, piece.length() - 2), i);
            }
        }
        suppressed = new boolean[vocabSize];
        List<Integer> none = new ArrayList<>(List.of(start, previous, noSpeech, transcribe, translate,
                tokenizer.id("<|startoflm|>").orElse(-1)));
        none.addAll(languages.values());
        if (config.has("suppress_tokens")) {
            Arrays.stream(config.integers("suppress_tokens")).forEach(none::add);
        }
        none.stream().filter(i -> i >= 0 && i < vocabSize).forEach(i -> suppressed[i] = true);
        suppressedFirst = config.has("begin_suppress_tokens") ? config.integers("begin_suppress_tokens")
                : new int[] {tokenizer.encode(" ", false)[0], end};
        alignmentHeads = config.has("alignment_heads") ? List.of(config.integerLists("alignment_heads")) : List.of();
        if (noTimestamps + 1 >= vocabSize) {
            throw new CheckpointException(file, "no_timestamps_token_id", "the vocabulary of " + vocabSize
                    + " tokens has no timestamps after " + noTimestamps);
        }
    }

    private int id(String piece) throws CheckpointException {
        return tokenizer.id(piece).orElseThrow(() -> new CheckpointException(Path.of("tokenizer.json"), piece,
                "there is no such token, which Whisper needs"));
    }

    boolean isMultilingual() {
        return !languages.isEmpty();
    }

    /// The first timestamp, 0.00 s.
    int firstTimestamp() {
        return noTimestamps + 1;
    }

    /// The code of a language given by its code or its English name.
    ///
    /// @throws IllegalArgumentException if the model was not trained on it
    String code(String language) {
        String wanted = language.strip().toLowerCase(Locale.ROOT);
        if (!isMultilingual()) {
            if (wanted.equals("en") || wanted.equals("english")) {
                return "en";
            }
            throw new IllegalArgumentException("language '" + language + "': the model was trained on English only");
        }
        return languages.keySet().stream().filter(code -> code.equals(wanted) || name(code).equals(wanted)).findFirst()
                .orElseThrow(() -> new IllegalArgumentException("language '" + language + "': expected one of "
                        + String.join(", ", languages.keySet())));
    }

    /// The English name of a language, in lower case.
    static String name(String code) {
        return Locale.of(code.equals("jw") ? "jv" : code).getDisplayLanguage(Locale.ENGLISH).toLowerCase(Locale.ROOT);
    }

    /// The tokens between the text before and the text: language, task, whether there are timestamps.
    int[] task(Optional<String> language, boolean translates, boolean timestamps) {
        List<Integer> all = new ArrayList<>(List.of(start));
        if (isMultilingual()) {
            all.add(languages.get(language.orElse("en")));
            all.add(translates ? translate : transcribe);
        }
        if (!timestamps) {
            all.add(noTimestamps);
        }
        return all.stream().mapToInt(Integer::intValue).toArray();
    }

    /// The text of tokens without timestamps.
    String text(List<Integer> tokens) {
        return tokenizer.decode(tokens.stream().filter(t -> t < end).mapToInt(Integer::intValue).toArray(), true);
    }

    int[] encode(String text) {
        return text.isBlank() ? new int[0] : tokenizer.encode(" " + text.strip(), false);
    }
}
