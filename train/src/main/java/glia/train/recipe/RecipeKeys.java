package glia.train.recipe;

import static glia.train.recipe.RecipeKey.choice;
import static glia.train.recipe.RecipeKey.flag;
import static glia.train.recipe.RecipeKey.integer;
import static glia.train.recipe.RecipeKey.number;
import static glia.train.recipe.RecipeKey.shares;
import static glia.train.recipe.RecipeKey.text;
import static glia.train.recipe.RecipeKey.texts;
import static glia.train.recipe.RecipeKey.word;

import glia.model.layout.Pooling;
import glia.tensor.ops.IndexerTraining;
import glia.tensor.ops.attention.ContextParallel.Method;
import glia.train.run.NumberWatch;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/// All keys that a recipe may have, in the order of help texts.
public final class RecipeKeys {
    private static final double INFINITY = Double.POSITIVE_INFINITY;
    private static final int MAX = Integer.MAX_VALUE;

    /// What is trained, and on what kind of data; an extension ([RecipeExtension]) has tasks besides these.
    public enum Task { PRETRAIN, SFT, CLASSIFY, REWARD, EMBED, MASK, DIFFUSION, DISTILL }

    /// Initial values of new models, see [glia.model.Initialization].
    public enum Init { DEFAULT, GPT2, MUP }

    /// What the lines of training files are.
    public enum Format { TEXT, CHATS }

    /// How text becomes sequences.
    public enum Packing { WINDOWS, DOCUMENTS }

    /// The kinds of tokenizers that can be trained.
    public enum NewTokenizer { BPE, CHARACTERS }

    /// The characters of a tokenizer with one token a character: those of the text, or line feed and printable ASCII.
    public enum Characters { TEXT, ASCII }

    public enum OptimizerName { ADAMW, MUON, SGD, LION, ADAFACTOR }

    public enum ScheduleName { COSINE, LINEAR, CONSTANT, WSD }

    public enum TrainingPrecision { F32, BF16, FP8 }

    public enum AdapterKind { NONE, LORA, RSLORA, DORA }

    /// Scalings of rotary positions that can be trained, see [glia.model.spec.RopeChange].
    public enum RopeScaling { BASE, LINEAR, LLAMA3, YARN }

    /// What follows a number that is not finite.
    public enum BadNumbers {
        STOP(NumberWatch.Policy.STOP), SKIP(NumberWatch.Policy.SKIP), ROLLBACK(NumberWatch.Policy.ROLL_BACK);

        private final NumberWatch.Policy policy;

        BadNumbers(NumberWatch.Policy policy) {
            this.policy = policy;
        }

        NumberWatch.Policy policy() {
            return policy;
        }
    }

    /// Which weights are the result of a run.
    public enum Result { BEST, LAST }

    /// What ranks have shares of.
    public enum Shard { NONE, OPTIMIZER, GRADIENTS, WEIGHTS }

    public enum Distillation { LOGITS, TEXT, ON_POLICY, MINILLM }

    public static final RecipeKey<String> TASK = word("task", tasks(), "pretrain: next tokens of text; sft: answers"
            + " of chats; classify: labels; reward: preferences; embed: similar texts; mask: masked tokens; diffusion:"
            + " text diffusion with masks; distill: a teacher's distribution" + extensionTasks())
            .or(RecipeKey.word(Task.PRETRAIN));
    public static final RecipeKey<String> OUTPUT = text("output",
            "folder of the run: checkpoints, metrics.jsonl, report.html; refused if it holds a run, unless --resume");
    public static final RecipeKey<Long> SEED = integer("seed", 0, Long.MAX_VALUE, "random seed of everything").or(1L);
    public static final RecipeKey<Long> STEPS = integer("steps", 1, MAX,
            "number of updates (default: by the size of the data)");
    public static final RecipeKey<Double> EPOCHS = number("epochs", 0, true, 1e6, "passes over the data, in place of"
            + " steps");
    public static final RecipeKey<TrainingPrecision> PRECISION = choice("precision", TrainingPrecision.class,
            "f32; bf16: matrix products and stored activations in BF16, weights in F32; fp8: matrix products of E4M3"
            + " numbers, emulated").or(TrainingPrecision.F32);
    public static final RecipeKey<BadNumbers> BAD_NUMBERS = choice("bad_numbers", BadNumbers.class,
            "what follows a loss or gradient that is not finite, or a loss spike").or(BadNumbers.STOP);

    public static final RecipeKey<String> MODEL = text("model.path", "model to start from: folder, .gguf file or hub"
            + " name" + RecipeExtensions.forms(RecipeExtensions.models()));
    public static final RecipeKey<Map<String, Object>> CONFIG = new RecipeKey<>("model.config",
            "mapping with the keys of a config.json", Optional.empty(), "a new model: model_type and sizes; vocab_size"
            + " is that of the tokenizer", RecipeKeys::mapping);
    public static final RecipeKey<Map<String, Object>> NEW = new RecipeKey<>("model.new",
            "mapping with `family` and sizes", Optional.empty(), "a new model as by glia new: family, or a .yaml or"
            + " .json file, with sizes such as hidden and layers", RecipeKeys::mapping);
    public static final RecipeKey<Init> INIT = choice("model.init", Init.class, "initial values: default: normal with"
            + " deviation 1/√inputs; gpt2: 0.02, residual projections less; mup: µP").or(Init.DEFAULT);
    public static final RecipeKey<Long> BASE_WIDTH = integer("model.base_width", 1, MAX,
            "hidden size for which the learning rate was tuned, for init: mup").or(256L);
    public static final RecipeKey<List<String>> FREEZE = texts("model.freeze",
            "regular expressions of tensor names that are not trained");
    public static final RecipeKey<Double> DROPOUT = number("model.dropout", 0, false, 0.99,
            "dropout of embeddings and of each sublayer's output").or(0.0);

    public static final RecipeKey<RopeScaling> ROPE_SCALING = choice("model.rope_scaling", RopeScaling.class,
            "another scaling of rotary positions, to lengthen the context of model.path: base is a larger base");
    public static final RecipeKey<Double> ROPE_SCALE = number("model.rope_scale", 1, false, 1e6,
            "how many times its original context the model is to have");
    public static final RecipeKey<Long> ROPE_ORIGINAL = integer("model.rope_original_context", 1, MAX,
            "context that the model was trained for without scaling (default: the model's)");

    public static final RecipeKey<String> TOKENIZER = text("tokenizer.path",
            "existing tokenizer of a new model: folder, .gguf file or hub name");
    public static final RecipeKey<NewTokenizer> NEW_TOKENIZER = choice("tokenizer.train", NewTokenizer.class,
            "train a tokenizer on the training text, or on messages of chats: byte-level BPE, or a token a character");
    public static final RecipeKey<Long> VOCAB_SIZE = integer("tokenizer.vocab_size", 257, 1 << 24,
            "vocabulary of a trained BPE tokenizer").or(4096L);
    public static final RecipeKey<List<String>> SPECIAL_TOKENS = texts("tokenizer.special_tokens",
            "special tokens of a trained tokenizer; the first but <unk> ends texts; <unk> is for unknown characters")
            .or(List.of("<|endoftext|>"));
    public static final RecipeKey<List<String>> ADDED_TOKENS = texts("tokenizer.added_tokens",
            "further tokens of a trained tokenizer, which decoded text shows, such as <think>").or(List.of());
    public static final RecipeKey<Characters> CHARACTERS = choice("tokenizer.characters", Characters.class,
            "for train: characters, the characters: those of the training text, or line feed and printable ASCII")
            .or(Characters.TEXT);
    public static final RecipeKey<String> CHAT_TEMPLATE = text("tokenizer.chat_template",
            "chat template of a trained tokenizer: a .jinja file, or shipped:NAME for one that comes with the program");

    public static final RecipeKey<List<String>> TRAIN = texts("data.train",
            "training files: text, or JSONL (.jsonl); a weight may follow as `file * 0.3`; shipped:NAME is a file that"
            + " comes with the program" + RecipeExtensions.forms(RecipeExtensions.generators()));
    public static final RecipeKey<List<String>> VALIDATION = texts("data.validation", "validation files");
    public static final RecipeKey<Double> VALIDATION_SHARE = number("data.validation_share", 0, false, 0.9,
            "share of the training data kept for validation, if no files are given: the end of each text, or examples"
            + " spread evenly").or(0.1);
    public static final RecipeKey<Format> FORMAT = choice("data.format", Format.class,
            "whether files hold text or chats").or(Format.TEXT).only(Task.DISTILL);
    public static final RecipeKey<String> TEXT_KEY = text("data.text_key", "key of the text in JSONL").or("text");
    public static final RecipeKey<String> SEPARATOR = text("data.separator",
            "line of a text file that ends a document, such as <|endoftext|> (default: a file is one document)").or("");
    public static final RecipeKey<Packing> PACKING = choice("data.packing", Packing.class,
            "windows: random windows of the text; documents: whole documents that do not attend to each other")
            .or(Packing.WINDOWS).only(Task.PRETRAIN, Task.DISTILL);
    public static final RecipeKey<Boolean> TRUNCATE = flag("data.truncate", true,
            "cut documents and chats that are longer than the context, in place of leaving them out");

    public static final RecipeKey<Long> CONTEXT = integer("batch.context", 2, 1 << 24,
            "most tokens of a sequence (default: the model's context)");
    public static final RecipeKey<Long> SEQUENCES = integer("batch.sequences", 1, 1 << 20,
            "sequences of the context length in a micro-batch; packed data fill as many tokens").or(8L);
    public static final RecipeKey<Long> ACCUMULATE = integer("batch.accumulate", 1, 1 << 16,
            "micro-batches of an update, on each rank").or(1L);
    public static final RecipeKey<Long> CHECKPOINT_SUBLAYERS = integer("batch.activation_checkpointing", 0, 1 << 10,
            "sublayers between stored activations, the rest is computed twice; 0 stores all").or(0L);

    public static final RecipeKey<OptimizerName> OPTIMIZER = choice("optimizer.name", OptimizerName.class,
            "muon updates the matrices of layers, and AdamW the rest").or(OptimizerName.ADAMW);
    public static final RecipeKey<Double> LEARNING_RATE = number("optimizer.learning_rate", 0, false, 1e3,
            "largest learning rate (default: by model, adapter and steps; 0.001 for new models)");
    public static final RecipeKey<List<Double>> BETAS = shares("optimizer.betas", 2, "β₁ and β₂ of AdamW and Lion")
            .or(List.of(0.9, 0.95));
    public static final RecipeKey<Double> EPSILON = number("optimizer.epsilon", 0, true, 1, "ε of AdamW").or(1e-8);
    public static final RecipeKey<Double> MOMENTUM = number("optimizer.momentum", 0, false, 0.9999,
            "momentum of SGD and Muon").or(0.95);
    public static final RecipeKey<Double> MUON_RATE = number("optimizer.muon_factor", 0, true, 1e4,
            "factor of the learning rate of matrices that Muon updates").or(1.0);
    public static final RecipeKey<Double> WEIGHT_DECAY = number("optimizer.weight_decay", 0, false, 1e3,
            "weight decay of matrices").or(0.1);
    public static final RecipeKey<Double> CLIP = number("optimizer.clip", 0, true, INFINITY,
            "gradients are scaled down to this norm; .inf for no clipping").or(1.0);
    public static final RecipeKey<Double> EMA = number("optimizer.ema", 0, false, 0.999999,
            "decay of a moving average of the weights, which becomes the result; 0 for none").or(0.0);

    public static final RecipeKey<ScheduleName> SCHEDULE = choice("schedule.name", ScheduleName.class,
            "learning-rate schedule; wsd is warm-up, stable, decay").or(ScheduleName.COSINE);
    public static final RecipeKey<Long> WARMUP = integer("schedule.warmup", 0, MAX,
            "steps of linear warm-up (default: a twentieth of the steps, at most 100)");
    public static final RecipeKey<Double> MIN_FACTOR = number("schedule.min_factor", 0, false, 1,
            "the last learning rate as a share of the largest; linear has 0 unless it is set").or(0.1);
    public static final RecipeKey<Long> DECAY = integer("schedule.decay", 0, MAX,
            "steps of the decay of wsd (default: a fifth, at most what the warm-up leaves)");

    public static final RecipeKey<Double> LABEL_SMOOTHING = number("loss.label_smoothing", 0, false, 0.99,
            "share of the target distribution spread over the vocabulary").or(0.0)
            .only(Task.PRETRAIN, Task.SFT, Task.CLASSIFY, Task.MASK, Task.DIFFUSION, Task.DISTILL);
    public static final RecipeKey<Double> Z_LOSS = number("loss.z_loss", 0, false, 1e3,
            "coefficient of the mean squared log-sum-exp of logits").or(0.0)
            .only(Task.PRETRAIN, Task.SFT, Task.MASK, Task.DIFFUSION, Task.DISTILL);
    public static final RecipeKey<Double> MTP = number("loss.mtp", 0, false, 1e3,
            "weight of the multi-token-prediction loss, for models with such layers").or(0.0).only(Task.PRETRAIN);
    public static final RecipeKey<Long> EARLY_EXIT = integer("loss.early_exit", 1, 1 << 20,
            "number of first layers that learn to predict the next token too, for --draft=early-exit:N")
            .only(Task.PRETRAIN, Task.SFT);
    public static final RecipeKey<Double> EARLY_EXIT_WEIGHT = number("loss.early_exit_weight", 0, true, 1e3,
            "weight of the loss of the first layers").or(0.5).only(Task.PRETRAIN, Task.SFT);
    public static final RecipeKey<Double> MASK_SHARE = number("loss.mask_share", 0, true, 1,
            "share of masked tokens").or(0.15).only(Task.MASK);
    public static final RecipeKey<Double> CONTRASTIVE_TEMPERATURE = number("loss.temperature", 0, true, 1e3,
            "temperature of the contrastive loss").or(0.05).only(Task.EMBED);
    public static final RecipeKey<Pooling> POOLING = choice("loss.pooling", Pooling.class,
            "how hidden states become an embedding (default: mean for encoders, last for decoders)").only(Task.EMBED);
    public static final RecipeKey<Double> REWARD_CENTER = number("loss.reward_center", 0, false, 1e3,
            "coefficient that keeps rewards near 0").or(0.0).only(Task.REWARD);

    public static final RecipeKey<AdapterKind> ADAPTER = choice("adapter.kind", AdapterKind.class,
            "train adapters and keep the model as it is, quantized or not").or(AdapterKind.NONE);
    public static final RecipeKey<Long> RANK = integer("adapter.rank", 1, 1 << 16, "rank r of adapters").or(8L);
    public static final RecipeKey<Double> ALPHA = number("adapter.alpha", 0, true, 1e6,
            "α; the factor is α/r, with rslora α/√r").or(16.0);
    public static final RecipeKey<Double> ADAPTER_DROPOUT = number("adapter.dropout", 0, false, 0.99,
            "dropout of the input of adapters").or(0.0);
    public static final RecipeKey<List<String>> TARGETS = texts("adapter.targets",
            "modules with an adapter: ends of their names, or all-linear").or(List.of("all-linear"));
    public static final RecipeKey<List<String>> PARAMETERS = texts("adapter.parameters",
            "stacked experts with an adapter, such as mlp.experts.down_proj: ends of names in PEFT").or(List.of());

    public static final RecipeKey<String> TEACHER = text("distill.teacher", "model whose distribution is learned")
            .only(Task.DISTILL);
    public static final RecipeKey<Distillation> DISTILLATION = choice("distill.kind", Distillation.class,
            "logits: on the data; text: on text that the teacher generates; on_policy: on text that the student"
            + " generates; minillm").or(Distillation.LOGITS).only(Task.DISTILL);
    public static final RecipeKey<Double> BETA = number("distill.beta", 0, false, 1,
            "0: forward KL, 1: reverse KL, between: generalised Jensen-Shannon divergence").or(0.0).only(Task.DISTILL);
    public static final RecipeKey<Double> DISTILL_TEMPERATURE = number("distill.temperature", 0, true, 1e3,
            "divisor of both models' logits").or(1.0).only(Task.DISTILL);
    public static final RecipeKey<Double> DISTILL_WEIGHT = number("distill.weight", 0, false, 1,
            "weight of the divergence; the rest is cross-entropy of the data").or(1.0).only(Task.DISTILL);
    public static final RecipeKey<Long> DISTILL_TOKENS = integer("distill.tokens", 1, 1 << 20,
            "most tokens that are generated for a prompt").or(64L).only(Task.DISTILL);

    public static final RecipeKey<Double> BALANCE = number("experts.balance", 0, false, 1e3,
            "coefficient of the load-balancing loss of Switch and Mixtral").or(0.0);
    public static final RecipeKey<Double> ROUTER_Z = number("experts.z_loss", 0, false, 1e3,
            "coefficient of the router z-loss").or(0.0);
    public static final RecipeKey<Double> BIAS_RATE = number("experts.bias_rate", 0, false, 1,
            "γ of DeepSeek's auxiliary-loss-free balancing by biases").or(0.0);

    public static final RecipeKey<IndexerTraining.Stage> INDEXERS = choice("model.indexers",
            IndexerTraining.Stage.class,
            "how indexers of sparse latent attention learn: dense: attention to all positions, the warm-up, with the"
            + " rest frozen; sparse: attention to those that they choose (default: not at all)");

    public static final RecipeKey<Long> VALIDATE_EVERY = integer("validate.every", 0, MAX,
            "steps between validations (default: a tenth of the steps, 5 to 250); 0: only at the end");
    public static final RecipeKey<Long> VALIDATE_BATCHES = integer("validate.batches", 1, 1 << 20,
            "micro-batches of a validation").or(20L);
    public static final RecipeKey<Long> PATIENCE = integer("validate.patience", 0, MAX,
            "validations without improvement that end the run early; 0: never (default: 3 if neither steps nor epochs"
            + " is set, else 0)");
    public static final RecipeKey<Long> SAMPLE_EVERY = integer("sample.every", 0, MAX,
            "steps between samples; 0: none").or(0L);
    public static final RecipeKey<List<String>> PROMPTS = texts("sample.prompts", "texts that are continued")
            .or(List.of());
    public static final RecipeKey<Long> SAMPLE_TOKENS = integer("sample.tokens", 1, 1 << 20, "tokens of a sample")
            .or(64L);
    public static final RecipeKey<Long> SAVE_EVERY = integer("save.every", 0, MAX,
            "steps between checkpoints; 0: only at the end").or(500L);
    public static final RecipeKey<Long> KEEP = integer("save.keep", 1, 1 << 20,
            "last checkpoints that are kept, besides the best").or(2L);
    public static final RecipeKey<Result> RESULT = choice("save.result", Result.class,
            "which weights are the result: those that validated best, or the last").or(Result.BEST);
    public static final RecipeKey<Boolean> REPORT = flag("report.html", true, "write report.html");
    public static final RecipeKey<Boolean> TENSORBOARD = flag("report.tensorboard", false,
            "write TensorBoard event files");
    public static final RecipeKey<Long> MEASURE_EVERY = integer("report.norms_every", 0, MAX,
            "steps between norms of weights and gradients of each layer; 0: none").or(100L);

    public static final RecipeKey<Long> DATA_PARALLEL = integer("parallel.data", 1, 1 << 16,
            "ranks, or groups of parallel.context ranks, that each compute micro-batches of their own: threads, or the"
            + " processes of mpiexec (default: the number of these)");

    public static final RecipeKey<Long> CONTEXT_PARALLEL = integer("parallel.context", 1, 1 << 16,
            "ranks that share the tokens of each sequence, for long contexts; there are parallel.data times as many"
            + " ranks").or(1L);

    public static final RecipeKey<Method> CONTEXT_METHOD = choice("parallel.context_method", Method.class,
            "how attention gets keys and values of other ranks: gather: all at once; ring: rank after rank;"
            + " striped: the same, of tokens that ranks have in turn")
            .or(Method.GATHER);

    public static final RecipeKey<Long> TENSOR_PARALLEL = integer("parallel.tensor", 1, 8,
            "1, 2, 4 or 8 ranks that have some attention heads and columns of MLPs each (tensor parallelism); there are"
            + " parallel.tensor times as many ranks. With 1, a rank adds as several do").or(1L);

    public static final RecipeKey<Boolean> SEQUENCE_PARALLEL = flag("parallel.sequence", false,
            "parallel.tensor ranks compute norms, dropout and sums of some tokens each, too (sequence parallelism)");

    public static final RecipeKey<Long> EXPERT_PARALLEL = integer("parallel.expert", 1, 1 << 12,
            "ranks that have some experts of each layer each (expert parallelism), and micro-batches of their own;"
            + " there are parallel.expert times as many ranks").or(1L);

    public static final RecipeKey<Long> PIPELINE_PARALLEL = integer("parallel.pipeline", 1, 1 << 10,
            "ranks that have some layers each (pipeline parallelism); there are parallel.pipeline times as many ranks")
            .or(1L);

    public static final RecipeKey<Long> VIRTUAL_STAGES = integer("parallel.virtual_stages", 1, 1 << 10,
            "stages of each rank of a pipeline, with layers from all over the model, so that ranks wait less"
            + " (interleaved pipeline); batch.accumulate is then a multiple of parallel.pipeline").or(1L);

    public static final RecipeKey<Long> ROLLOUT = integer("parallel.rollout", 0, 1 << 16,
            "ranks besides the others that generate the rollouts and update nothing").or(0L).only("rl");

    public static final RecipeKey<Shard> SHARD = choice("parallel.shard", Shard.class,
            "what each rank has a share of: none; optimizer: the optimizer's state (ZeRO-1); gradients: sums of"
            + " gradients, too (ZeRO-2); weights: weights, too (ZeRO-3)").or(Shard.NONE);

    public static final RecipeKey<Long> EVERY = integer("parallel.every", 1, MAX,
            "steps that ranks take by themselves before their weights are averaged by an outer step (DiLoCo); without"
            + " the key gradients are added up in each step");
    public static final RecipeKey<Double> OUTER_RATE = number("parallel.outer_rate", 0, true, 10,
            "learning rate of outer steps").or(0.7);
    public static final RecipeKey<Double> OUTER_MOMENTUM = number("parallel.outer_momentum", 0, false, 0.9999,
            "Nesterov momentum of outer steps").or(0.9);
    public static final RecipeKey<Long> OUTER_BITS = integer("parallel.outer_bits", 4, 32,
            "bits of the numbers that outer steps send: 32, 8 (integers) or 4 (E3M0)").or(32L);
    public static final RecipeKey<Long> FRAGMENTS = integer("parallel.fragments", 1, 1 << 16,
            "fragments of the weights whose outer steps come one after the other (streaming DiLoCo)").or(1L);
    public static final RecipeKey<Long> OVERLAP = integer("parallel.overlap", 0, MAX,
            "steps that ranks train on while an outer step's messages are under way").or(0L);
    public static final RecipeKey<Double> OUTER_MIX = number("parallel.outer_mix", 0, false, 0.9999,
            "part of a rank's own weights that stays when such an outer step is taken").or(0.5);

    private static final List<RecipeKey<?>> OWN = List.of(TASK, OUTPUT, SEED, STEPS, EPOCHS, PRECISION, BAD_NUMBERS,
            MODEL, CONFIG, NEW, INIT, BASE_WIDTH, FREEZE, INDEXERS, DROPOUT, ROPE_SCALING, ROPE_SCALE, ROPE_ORIGINAL,
            TOKENIZER, NEW_TOKENIZER, VOCAB_SIZE, SPECIAL_TOKENS, ADDED_TOKENS, CHARACTERS, CHAT_TEMPLATE, TRAIN,
            VALIDATION, VALIDATION_SHARE, FORMAT, TEXT_KEY, SEPARATOR, PACKING, TRUNCATE, CONTEXT, SEQUENCES,
            ACCUMULATE, CHECKPOINT_SUBLAYERS, OPTIMIZER, LEARNING_RATE, BETAS, EPSILON, MOMENTUM, MUON_RATE,
            WEIGHT_DECAY, CLIP, EMA, SCHEDULE, WARMUP, MIN_FACTOR, DECAY, LABEL_SMOOTHING, Z_LOSS, MTP,
            EARLY_EXIT, EARLY_EXIT_WEIGHT, MASK_SHARE, CONTRASTIVE_TEMPERATURE, POOLING, REWARD_CENTER,
            ADAPTER, RANK, ALPHA, ADAPTER_DROPOUT, TARGETS, PARAMETERS, TEACHER, DISTILLATION, BETA,
            DISTILL_TEMPERATURE, DISTILL_WEIGHT, DISTILL_TOKENS, BALANCE, ROUTER_Z, BIAS_RATE,
            VALIDATE_EVERY, VALIDATE_BATCHES, PATIENCE, SAMPLE_EVERY, PROMPTS, SAMPLE_TOKENS, SAVE_EVERY, KEEP, RESULT,
            REPORT, TENSORBOARD, MEASURE_EVERY, DATA_PARALLEL, CONTEXT_PARALLEL,
            CONTEXT_METHOD, TENSOR_PARALLEL, SEQUENCE_PARALLEL, EXPERT_PARALLEL, PIPELINE_PARALLEL,
            VIRTUAL_STAGES, ROLLOUT, SHARD,
            EVERY, OUTER_RATE, OUTER_MOMENTUM, OUTER_BITS, FRAGMENTS, OVERLAP, OUTER_MIX);
    private static final List<RecipeKey<?>> ALL = withExtensions();

    private RecipeKeys() { }

    /// The words of all tasks, those of extensions after the others.
    private static List<String> tasks() {
        List<String> words = new ArrayList<>();
        for (Task task : Task.values()) {
            words.add(RecipeKey.word(task));
        }
        words.addAll(RecipeExtensions.tasks().keySet());
        return words;
    }

    private static String extensionTasks() {
        StringBuilder text = new StringBuilder();
        RecipeExtensions.tasks().forEach((name, meaning) -> text.append("; ").append(name).append(": ")
                .append(meaning));
        return text.toString();
    }

    /// A mapping is a section of the recipe, so each section has its keys side by side.
    private static List<RecipeKey<?>> withExtensions() {
        List<RecipeKey<?>> all = new ArrayList<>(OWN);
        RecipeExtensions.all().forEach(e -> e.keys().forEach(key ->
                all.add(key.tasks().isEmpty() ? key.only(e.tasks().keySet()) : key)));
        return List.copyOf(all);
    }

    /// The keys of new models and their tokenizers.
    static List<RecipeKey<?>> ofNewModels() {
        return List.of(NEW, CONFIG, INIT, BASE_WIDTH, TOKENIZER, NEW_TOKENIZER, VOCAB_SIZE, SPECIAL_TOKENS,
                ADDED_TOKENS, CHARACTERS, CHAT_TEMPLATE);
    }

    /// All keys, those of extensions after the others.
    public static List<RecipeKey<?>> all() {
        return ALL;
    }

    @SuppressWarnings("unchecked")
    private static Map<String, Object> mapping(Object value) {
        if (value instanceof Map<?, ?> map) {
            return (Map<String, Object>) map;
        }
        throw new IllegalArgumentException();
    }
}
