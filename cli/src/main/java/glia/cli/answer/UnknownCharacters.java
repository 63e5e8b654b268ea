package glia.cli.answer;

import glia.cli.terminal.VisibleText;
import glia.text.tokenizer.Tokenizer;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;

/// The characters of a prompt for which a tokenizer has no token but the unknown one. Tokenizers of bytes have none.
public final class UnknownCharacters {
    private static final List<String> UNKNOWN = List.of("<unk>", "[UNK]");
    private static final int MAX_SHOWN = 8;

    private UnknownCharacters() { }

    /// A sentence for the user; empty if the tokenizer has tokens for all characters.
    public static Optional<String> note(Tokenizer tokenizer, String prompt) {
        OptionalInt unknown = UNKNOWN.stream().map(tokenizer::id).filter(OptionalInt::isPresent).findFirst()
                .orElse(OptionalInt.empty());
        if (unknown.isEmpty()) {
            return Optional.empty();
        }
        List<String> found = prompt.codePoints().distinct().filter(c -> c < Character.MIN_SURROGATE
                || c > Character.MAX_SURROGATE).mapToObj(Character::toString).filter(c -> Arrays.stream(
                tokenizer.encodePlain(c, false)).anyMatch(id -> id == unknown.getAsInt())).toList();
        return found.isEmpty() ? Optional.empty() : Optional.of("the model's tokenizer has no token for "
                + VisibleText.of(String.join(" ", found.subList(0, Math.min(MAX_SHOWN, found.size()))))
                + (found.size() > MAX_SHOWN ? " and " + (found.size() - MAX_SHOWN) + " other characters" : "")
                + "; the model reads " + tokenizer.piece(unknown.getAsInt()) + " in place of each");
    }
}
