package glia.reason.preference;

import java.util.Arrays;
import java.util.List;

/// A solution of several steps for a process reward model: tokens, and at the separator after each step whether the
/// step is right. The format is that of TRL's `PRMTrainer`, after https://arxiv.org/abs/2211.14275.
///
/// @param ids tokens
/// @param labels 1 or 0 at separators, `NONE` elsewhere
public record StepLabels(int[] ids, int[] labels) {
    /// No label.
    public static final int NONE = -100;

    /// How solutions become sequences.
    ///
    /// @param separator the tokens after each step; the last one has the label
    /// @param maxTokens longer sequences are cut at the end
    /// @param maxCompletion most tokens of all steps together
    /// @param lastOnly whether only the last step has a label
    public record Options(int[] separator, int maxTokens, int maxCompletion, boolean lastOnly) {
        public Options {
            if (separator.length == 0) {
                throw new IllegalArgumentException("no separator after steps, expected one or more tokens");
            }
        }
    }

    /// Joins a prompt and steps.
    ///
    /// @param prompt with the token that begins texts, if the tokenizer has one
    /// @param isRight by step
    /// @throws IllegalArgumentException if there is not one label for each step, or no step
    public static StepLabels of(int[] prompt, List<int[]> steps, boolean[] isRight, Options options) {
        if (steps.isEmpty() || steps.size() != isRight.length) {
            throw new IllegalArgumentException(isRight.length + " labels for " + steps.size()
                    + " steps, expected one each and at least one");
        }
        int length = steps.stream().mapToInt(s -> s.length + options.separator.length).sum();
        int[] ids = Arrays.copyOf(prompt, prompt.length + length);
        int[] labels = new int[ids.length];
        Arrays.fill(labels, NONE);
        int at = prompt.length;
        for (int i = 0; i < isRight.length; i++) {
            int[] step = steps.get(i);
            System.arraycopy(step, 0, ids, at, step.length);
            at += step.length;
            System.arraycopy(options.separator, 0, ids, at, options.separator.length);
            at += options.separator.length;
            if (!options.lastOnly || i == isRight.length - 1) {
                labels[at - 1] = isRight[i] ? 1 : 0;
            }
        }
        long most = Math.min((long) prompt.length + options.maxCompletion, options.maxTokens);
        int kept = (int) Math.min(ids.length, most);
        return new StepLabels(Arrays.copyOf(ids, kept), Arrays.copyOf(labels, kept));
    }

    /// Whether any token has a label, which truncation may have removed.
    public boolean isLabeled() {
        return Arrays.stream(labels).anyMatch(l -> l != NONE);
    }
}
