package glia.train.recipe;

import glia.io.CheckpointException;
import glia.train.recipe.RecipeKeys.AdapterKind;
import glia.train.recipe.RecipeKeys.Characters;
import glia.train.recipe.RecipeKeys.Distillation;
import glia.train.recipe.RecipeKeys.Format;
import glia.train.recipe.RecipeKeys.Init;
import glia.train.recipe.RecipeKeys.NewTokenizer;
import glia.train.recipe.RecipeKeys.OptimizerName;
import glia.train.recipe.RecipeKeys.ScheduleName;
import glia.train.recipe.RecipeKeys.Task;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;

/// The conditions of keys of recipes, and the keys of a recipe that have no effect.
public final class KeyConditions {
    private static final List<KeyCondition> OWN = List.of(
            KeyCondition.of(List.of(RecipeKeys.RANK, RecipeKeys.ALPHA, RecipeKeys.ADAPTER_DROPOUT, RecipeKeys.TARGETS,
                    RecipeKeys.PARAMETERS),
                    RecipeKeys.ADAPTER, AdapterKind.LORA, AdapterKind.RSLORA, AdapterKind.DORA),
            KeyCondition.of(List.of(RecipeKeys.FREEZE), RecipeKeys.ADAPTER, AdapterKind.NONE),
            new KeyCondition(List.of(RecipeKeys.INIT), List.of(RecipeKeys.MODEL, RecipeKeys.INIT),
                    "model.new or model.config", r -> RunModel.isNew(r) || r.get(RecipeKeys.INIT) == Init.MUP),
            KeyCondition.isSet(List.of(RecipeKeys.ROPE_SCALE, RecipeKeys.ROPE_ORIGINAL), RecipeKeys.ROPE_SCALING),
            new KeyCondition(List.of(RecipeKeys.ROPE_SCALING), List.of(RecipeKeys.MODEL), "model.path: a new model "
                    + "says its scaling itself", r -> !RunModel.isNew(r)),
            KeyCondition.of(List.of(RecipeKeys.BASE_WIDTH), RecipeKeys.INIT, Init.MUP),
            new KeyCondition(List.of(RecipeKeys.TOKENIZER), List.of(RecipeKeys.MODEL), "model.new or model.config: the "
                    + "model of model.path has a tokenizer", RunModel::isNew),
            KeyCondition.isSet(List.of(RecipeKeys.SPECIAL_TOKENS, RecipeKeys.ADDED_TOKENS), RecipeKeys.NEW_TOKENIZER),
            new KeyCondition(List.of(RecipeKeys.VOCAB_SIZE), List.of(RecipeKeys.NEW_TOKENIZER), "tokenizer.train: bpe",
                    r -> r.find(RecipeKeys.NEW_TOKENIZER).equals(Optional.of(NewTokenizer.BPE))),
            // With bpe, ASCII is an error.
            new KeyCondition(List.of(RecipeKeys.CHARACTERS), List.of(RecipeKeys.NEW_TOKENIZER),
                    "tokenizer.train: characters", r -> r.find(RecipeKeys.NEW_TOKENIZER)
                    .equals(Optional.of(NewTokenizer.CHARACTERS)) || r.has(RecipeKeys.NEW_TOKENIZER)
                    && r.get(RecipeKeys.CHARACTERS) == Characters.ASCII),
            new KeyCondition(List.of(RecipeKeys.VALIDATION_SHARE), List.of(RecipeKeys.VALIDATION),
                    "a recipe without data.validation", r -> !r.has(RecipeKeys.VALIDATION)),
            new KeyCondition(List.of(RecipeKeys.TRUNCATE), List.of(RecipeKeys.TASK, RecipeKeys.FORMAT),
                    "data of chats or answers", r -> RunData.hasChats(r) || r.isTask(Task.REWARD)
                    || RecipeExtensions.of(r.get(RecipeKeys.TASK)).isPresent()),
            new KeyCondition(List.of(RecipeKeys.TEXT_KEY, RecipeKeys.SEPARATOR), List.of(RecipeKeys.TASK,
                    RecipeKeys.FORMAT), "data of texts: task: pretrain, mask, diffusion or distill",
                    r -> hasTexts(r) || r.has(RecipeKeys.NEW_TOKENIZER) && !RunData.hasChats(r)),
            new KeyCondition(List.of(RecipeKeys.PACKING), List.of(RecipeKeys.FORMAT), "data.format: text",
                    KeyConditions::hasTexts),
            new KeyCondition(List.of(RecipeKeys.EPOCHS), List.of(RecipeKeys.STEPS), "a recipe without steps",
                    r -> !r.has(RecipeKeys.STEPS)),
            KeyCondition.of(List.of(RecipeKeys.BETAS), RecipeKeys.OPTIMIZER, OptimizerName.ADAMW, OptimizerName.LION,
                    OptimizerName.MUON),
            KeyCondition.of(List.of(RecipeKeys.EPSILON), RecipeKeys.OPTIMIZER, OptimizerName.ADAMW,
                    OptimizerName.MUON),
            KeyCondition.of(List.of(RecipeKeys.MOMENTUM), RecipeKeys.OPTIMIZER, OptimizerName.SGD, OptimizerName.MUON),
            KeyCondition.of(List.of(RecipeKeys.MUON_RATE), RecipeKeys.OPTIMIZER, OptimizerName.MUON),
            KeyCondition.of(List.of(RecipeKeys.MIN_FACTOR), RecipeKeys.SCHEDULE, ScheduleName.COSINE,
                    ScheduleName.LINEAR, ScheduleName.WSD),
            KeyCondition.of(List.of(RecipeKeys.DECAY), RecipeKeys.SCHEDULE, ScheduleName.WSD),
            KeyCondition.isSet(List.of(RecipeKeys.EARLY_EXIT_WEIGHT), RecipeKeys.EARLY_EXIT),
            KeyCondition.of(List.of(RecipeKeys.BETA, RecipeKeys.DISTILL_TEMPERATURE), RecipeKeys.DISTILLATION,
                    Distillation.LOGITS, Distillation.ON_POLICY),
            new KeyCondition(List.of(RecipeKeys.LABEL_SMOOTHING, RecipeKeys.Z_LOSS), List.of(RecipeKeys.DISTILLATION,
                    RecipeKeys.DISTILL_WEIGHT), "with task: distill, distill.kind: text, or logits with distill.weight "
                    + "below 1", KeyConditions::hasCrossEntropy),
            KeyCondition.of(List.of(RecipeKeys.DISTILL_WEIGHT), RecipeKeys.DISTILLATION, Distillation.LOGITS),
            KeyCondition.of(List.of(RecipeKeys.DISTILL_TOKENS), RecipeKeys.DISTILLATION, Distillation.TEXT,
                    Distillation.ON_POLICY, Distillation.MINILLM),
            new KeyCondition(List.of(RecipeKeys.CONTEXT_METHOD), List.of(RecipeKeys.CONTEXT_PARALLEL),
                    "parallel.context above 1", r -> r.get(RecipeKeys.CONTEXT_PARALLEL) > 1),
            KeyCondition.isSet(List.of(RecipeKeys.OUTER_RATE, RecipeKeys.OUTER_MOMENTUM, RecipeKeys.OUTER_BITS,
                    RecipeKeys.FRAGMENTS, RecipeKeys.OVERLAP), RecipeKeys.EVERY),
            KeyCondition.above0(List.of(RecipeKeys.OUTER_MIX), RecipeKeys.OVERLAP),
            KeyCondition.above0(List.of(RecipeKeys.PROMPTS, RecipeKeys.SAMPLE_TOKENS), RecipeKeys.SAMPLE_EVERY));

    private KeyConditions() { }

    /// Whether the training files hold texts.
    static boolean hasTexts(Recipe recipe) throws CheckpointException {
        return recipe.isTask(Task.PRETRAIN) || recipe.isTask(Task.MASK) || recipe.isTask(Task.DIFFUSION)
                || recipe.isTask(Task.DISTILL) && recipe.get(RecipeKeys.FORMAT) == Format.TEXT;
    }

    private static boolean hasCrossEntropy(Recipe recipe) throws CheckpointException {
        return !recipe.isTask(Task.DISTILL) || recipe.get(RecipeKeys.DISTILLATION) == Distillation.TEXT
                || recipe.get(RecipeKeys.DISTILLATION) == Distillation.LOGITS
                && recipe.get(RecipeKeys.DISTILL_WEIGHT) < 1;
    }

    /// All conditions, those of extensions after the others.
    static List<KeyCondition> all() {
        List<KeyCondition> all = new ArrayList<>(OWN);
        RecipeExtensions.all().forEach(e -> all.addAll(e.conditions()));
        return all;
    }

    /// What a key needs, for help texts; empty if it always has an effect.
    public static Optional<String> needs(RecipeKey<?> key) {
        Set<String> found = all().stream().filter(c -> c.keys().stream().anyMatch(k -> k.name().equals(key.name())))
                .map(KeyCondition::needs).collect(Collectors.toSet());
        return found.isEmpty() ? Optional.empty() : Optional.of(String.join(", and ", found));
    }

    /// A sentence for each key of a recipe that has no effect, with its place.
    static List<String> unused(Recipe recipe) throws CheckpointException {
        List<String> notes = new ArrayList<>();
        String task = recipe.get(RecipeKeys.TASK);
        for (KeyCondition condition : all()) {
            boolean isSwitched = condition.switches().stream().anyMatch(recipe::isOverridden);
            List<RecipeKey<?>> set = condition.keys().stream().filter(key -> recipe.has(key)
                    && key.isFor(task) && (recipe.isOverridden(key) || !isSwitched)).toList();
            if (!set.isEmpty() && !condition.test().holds(recipe)) {
                for (RecipeKey<?> key : set) {
                    String problem = "has no effect: it needs " + condition.needs();
                    notes.add(recipe.isOverridden(key) ? key.name() + " " + problem
                            : recipe.error(key, problem).getMessage());
                }
            }
        }
        return notes;
    }

    /// What keys of a recipe need to have an effect, besides their task. A key that has none is named in a note when
    /// the run begins.
    ///
    /// @param keys that need it
    /// @param switches the keys that decide: if the command line sets one of them, keys of the file get no note
    /// @param needs what is needed, such as `adapter.kind: lora`
    /// @param test whether a recipe has it
    public record KeyCondition(List<RecipeKey<?>> keys, List<RecipeKey<?>> switches, String needs, Test test) {
        /// Decides by the values of a recipe.
        @FunctionalInterface
        public interface Test {
            boolean holds(Recipe recipe) throws CheckpointException;
        }

        public KeyCondition {
            keys = List.copyOf(keys);
            switches = List.copyOf(switches);
        }

        /// Keys that need one of some values of another key.
        @SafeVarargs
        public static <T> KeyCondition of(List<RecipeKey<?>> keys, RecipeKey<T> decides, T... values) {
            List<T> known = new ArrayList<>();
            for (T value : values) {
                known.add(value);
            }
            List<String> words = known.stream().map(v -> v instanceof Enum<?> e ? RecipeKey.word(e) : v.toString())
                    .toList();
            return new KeyCondition(keys, List.of(decides), decides.name() + ": " + RecipeKey.listed(words),
                    recipe -> known.contains(recipe.get(decides)));
        }

        /// Keys that need another key to be set.
        public static KeyCondition isSet(List<RecipeKey<?>> keys, RecipeKey<?> other) {
            return new KeyCondition(keys, List.of(other), other.name(), recipe -> recipe.has(other));
        }

        /// Keys that need a number above 0.
        public static KeyCondition above0(List<RecipeKey<?>> keys, RecipeKey<? extends Number> number) {
            return new KeyCondition(keys, List.of(number), number.name() + " above 0",
                    recipe -> recipe.get(number).doubleValue() > 0);
        }
    }
}
