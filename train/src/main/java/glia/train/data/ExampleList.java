package glia.train.data;

import glia.io.CheckpointException;
import glia.io.jsonl.TextPlace;
import java.util.ArrayList;
import java.util.List;

/// Collects sequences that are not too long, and counts the others.
final class ExampleList {
    private final ChatOptions options;
    private final List<MaskedTokens> examples = new ArrayList<>();
    private int read;
    private int cut;
    private int dropped;
    private int longest;
    private TextPlace first;

    ExampleList(ChatOptions options) {
        this.options = options;
    }

    /// Adds an example of one or more sequences, all of them or none.
    ///
    /// @return whether it was added
    boolean add(TextPlace place, MaskedTokens... sequences) {
        first = read++ == 0 ? place : first;
        List<MaskedTokens> kept = new ArrayList<>();
        boolean isCut = false;
        for (MaskedTokens sequence : sequences) {
            MaskedTokens fit = sequence;
            longest = Math.max(longest, sequence.ids().length);
            if (sequence.ids().length > options.maxTokens()) {
                if (options.truncation() == ChatOptions.Truncation.DROP || !fit.canBeCut(options.maxTokens())) {
                    dropped++;
                    return false;
                }
                isCut = true;
                fit = sequence.cut(options.maxTokens());
            }
            if (!fit.hasTargets()) {
                dropped++;
                return false;
            }
            kept.add(fit);
        }
        cut += isCut ? 1 : 0;
        examples.addAll(kept);
        return true;
    }

    ExampleCounts counts() {
        return new ExampleCounts(read, read - dropped, cut, dropped, longest);
    }

    /// The sequences.
    ///
    /// @throws CheckpointException if all are too long
    List<MaskedTokens> examples() throws CheckpointException {
        if (examples.isEmpty()) {
            throw first.error("this and all other examples are longer than " + options.maxTokens() + " tokens, the "
                    + "longest has " + longest + "; raise the longest length, or cut them");
        }
        return List.copyOf(examples);
    }
}
