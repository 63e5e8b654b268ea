package glia.train.data;

import java.nio.IntBuffer;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Function;

/// Examples split into those for training and those for validation, which are spread evenly: files may be sorted, for
/// example by label. Examples with one prompt are on one side, so that validation measures unseen prompts.
///
/// @param training at least one
/// @param validation others, in their order
/// @param numPrompts different prompts of all
/// @param numHeld different prompts of `validation`
public record HeldOut<T>(List<T> training, List<T> validation, int numPrompts, int numHeld) {
    /// Splits examples: of n prompts, `round(n · share)` are for validation, but not all.
    ///
    /// @param share of the prompts for validation, below 1
    /// @param prompt what two examples of one prompt have in common, compared by `equals`
    public static <T> HeldOut<T> of(List<T> examples, double share, Function<T, ?> prompt) {
        Map<Object, Boolean> isHeld = new LinkedHashMap<>();
        examples.forEach(example -> isHeld.putIfAbsent(prompt.apply(example), false));
        int i = 0;
        int held = 0;
        for (Map.Entry<Object, Boolean> each : isHeld.entrySet()) {
            if (Math.round((i + 1) * share) > Math.round(i * share) && held < isHeld.size() - 1) {
                each.setValue(true);
                held++;
            }
            i++;
        }
        List<T> training = new ArrayList<>();
        List<T> validation = new ArrayList<>();
        examples.forEach(example -> (isHeld.get(prompt.apply(example)) ? validation : training).add(example));
        return new HeldOut<>(List.copyOf(training), List.copyOf(validation), isHeld.size(), held);
    }

    /// Tokens as a prompt.
    public static Object prompt(int[] ids) {
        return IntBuffer.wrap(ids);
    }

    /// The tokens before the first trained one as a prompt, with the pictures.
    public static Object prompt(MaskedTokens tokens) {
        return List.of(IntBuffer.wrap(tokens.ids(), 0, Math.max(0, tokens.isTrained().nextSetBit(0))),
                tokens.pictures().map(MaskedTokens.Pictures::all).orElse(List.of()));
    }

    /// What the split is, such as `58 for training, 6 for validation (8 different prompts, 1 for validation)`.
    public String sentence() {
        return training.size() + " for training, " + validation.size() + " for validation"
                + (numPrompts == training.size() + validation.size() ? "" : " (" + numPrompts
                + (numPrompts == 1 ? " prompt in all" : " different prompts, " + numHeld + " for validation") + ")");
    }
}
