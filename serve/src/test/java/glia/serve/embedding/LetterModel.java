package glia.serve.embedding;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.stream.Stream;

/// A golden retriever with a tokenizer of single characters, so that texts have the ids of the golden: 0 `[PAD]`,
/// 1 `[CLS]`, 2 `[SEP]`, 3 `[MASK]`, 4 and 5 the markers of ColBERT, 6 `.`, 7 `,`, then letters and digits.
final class LetterModel {
    private static final String[] FIRST = {"[PAD]", "[CLS]", "[SEP]", "[MASK]", "[unused0]", "[unused1]", ".", ","};
    private static final String LETTERS = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789";
    private static final int NUM_SPECIAL = 6;

    private LetterModel() { }

    static Path golden(String name) {
        return Path.of("../engine/src/test/resources/golden-retrieval", name);
    }

    /// Copies a golden's files and writes the tokenizer.
    ///
    /// @param size of the vocabulary
    /// @param isFramed whether texts are between `[CLS]` and `[SEP]`
    static Path write(String golden, Path folder, int size, boolean isFramed, String... words) throws IOException {
        try (Stream<Path> files = Files.walk(golden(golden))) {
            for (Path file : files.filter(Files::isRegularFile).toList()) {
                Path target = folder.resolve(golden(golden).relativize(file).toString());
                Files.createDirectories(target.getParent());
                Files.copy(file, target);
            }
        }
        StringBuilder vocabulary = new StringBuilder();
        StringBuilder special = new StringBuilder();
        for (int i = 0; i < size; i++) {
            int word = i - (size - words.length);
            String token = word >= 0 ? words[word] : i < FIRST.length ? FIRST[i]
                    : LETTERS.substring(i - FIRST.length, i - FIRST.length + 1);
            vocabulary.append(i == 0 ? "" : ",").append('"').append(token).append("\":").append(i);
            if (i < NUM_SPECIAL) {
                special.append(i == 0 ? "" : ",").append("{\"id\":").append(i).append(",\"content\":\"").append(token)
                        .append("\",\"special\":true}");
            }
        }
        String frame = isFramed ? """
                "post_processor": {"type": "BertProcessing", "cls": ["[CLS]", 1], "sep": ["[SEP]", 2]},""" : "";
        Files.writeString(folder.resolve("tokenizer.json"), """
                {"version": "1.0", "added_tokens": [%s], "pre_tokenizer": {"type": "BertPreTokenizer"}, %s
                "decoder": {"type": "WordPiece", "prefix": "##", "cleanup": true},
                "model": {"type": "WordPiece", "unk_token": "[PAD]", "continuing_subword_prefix": "##",
                "max_input_chars_per_word": 9, "vocab": {%s}}}""".formatted(special, frame, vocabulary));
        return folder;
    }

    /// The text of ids.
    static String text(int[] ids, int from, int to) {
        StringBuilder text = new StringBuilder();
        for (int i = from; i < to; i++) {
            text.append(i == from ? "" : " ").append(ids[i] < FIRST.length ? FIRST[ids[i]]
                    : LETTERS.substring(ids[i] - FIRST.length, ids[i] - FIRST.length + 1));
        }
        return text.toString();
    }
}
