package glia.reason.run;

import glia.io.Config;
import glia.io.file.AtomicFile.IfExists;
import glia.io.picture.Pixels;
import glia.io.safetensors.SafetensorsCheckpoint;
import glia.io.safetensors.SafetensorsWriter;
import glia.model.FreshModel;
import glia.model.Model;
import glia.model.fresh.NewModels;
import glia.model.write.ModelWriter;
import glia.reason.task.Problem;
import glia.reason.task.Split;
import glia.reason.task.TaskMix;
import glia.tensor.DType;
import glia.tensor.Tensor;
import glia.tensor.kernel.Kernels;
import glia.train.codec.CodecTrainer;
import glia.train.recipe.DataWords;
import glia.train.recipe.RecipeExtension.ModelGenerator;
import glia.train.tokenizer.BpeTrainer;
import glia.train.tokenizer.SpecialTokens;
import glia.train.tokenizer.TrainedTokenizer;
import java.io.IOException;
import java.io.InputStream;
import java.lang.foreign.Arena;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.IntStream;

/// A new native multimodal model: pieces of text, and the codes of pictures of tasks, are tokens of one vocabulary. A
/// [CodecTrainer] learns the codes on the tasks' pictures of the train split; the language model has random weights.
///
/// ```yaml
/// model: {path: "native:captions,tones hidden=96 layers=4"}
/// ```
///
/// The form is that of Chameleon, so `glia run --image` reads pictures and `glia draw` makes them; unlike Chameleon's,
/// its head may go on with the tokens of pictures, which training needs.
final class NativeModel implements ModelGenerator {
    private static final List<String> WORDS = List.of("hidden", "layers", "heads", "context", "codes", "vector",
            "levels", "steps", "seed");
    private static final List<String> MARKS = List.of("<|end|>", "<image>", "<|user|>", "<|assistant|>", "<|picture|>",
            "<|end of picture|>");
    private static final int COLORS = 3;
    private static final int CHANNELS = 32;
    private static final int BATCH = 16;
    private static final double RATE = 2e-3;
    private static final int MOST = 1 << 16;
    /// Bytes and merges of texts.
    private static final int WORDS_OF_TEXT = 400;
    private static final int TEXTS = 2000;

    @Override
    public String prefix() {
        return "native";
    }

    @Override
    public String form() {
        return "native:TASKS";
    }

    @Override
    public String summary() {
        return "a new model whose pictures are tokens";
    }

    @Override
    public void write(String spec, Path folder, Kernels kernels) throws IOException {
        DataWords words = DataWords.parse(spec, first -> WORDS);
        long seed = words.integer("seed", 0, Long.MAX_VALUE, 0);
        TaskMix tasks = TaskMix.of(words.first(), seed);
        if (tasks.problem(Split.TRAIN, 0).pictures().isEmpty()) {
            throw new IllegalArgumentException("the task " + words.first() + " has no pictures; expected tasks such as "
                    + "captions,tones");
        }
        int side = tasks.problem(Split.TRAIN, 0).pictures().getFirst().width();
        CodecTrainer.Sizes sizes = new CodecTrainer.Sizes(COLORS, CHANNELS, (int) words.integer("levels", 1, 8, 3),
                (int) words.integer("vector", 1, 256, 8), (int) words.integer("codes", 2, 8192, 128));
        TrainedTokenizer text = tokenizer(sizes.codes(), tasks);
        try (CodecTrainer codec = new CodecTrainer(kernels, sizes, seed)) {
            train(codec, tasks, (int) words.integer("steps", 1, MOST, 1500));
            Config config = config(words, sizes, codec.config(side), text.tokens().size());
            try (Model fresh = FreshModel.create(config, seed)) {
                ModelWriter.write(fresh, folder);
            }
            addCodec(folder, codec.tensors());
        }
        text.write(folder, Optional.of(template()));
        int across = side / sizes.factor();
        NewModels.writeProcessor("ChameleonImageProcessor", side, Map.of("processor_class", "ChameleonProcessor",
                "image_seq_length", across * across, "image_token", "<image>", "image_start_token", "<|picture|>",
                "image_end_token", "<|end of picture|>"), folder);
    }

    /// Trains on batches of the tasks' pictures of the train split.
    static void train(CodecTrainer codec, TaskMix tasks, int steps) {
        for (int step = 0; step < steps; step++) {
            List<Tensor> batch = new ArrayList<>();
            for (int i = 0; i < BATCH; i++) {
                batch.add(values(tasks.problem(Split.TRAIN, (long) step * BATCH + i).pictures().getFirst().pixels()));
            }
            codec.step(batch, RATE * (0.55 + 0.45 * Math.cos(Math.PI * step / steps)));
        }
    }

    /// `[3, height, width]` from -1 to 1, as the processor gives them.
    static Tensor values(Pixels pixels) {
        Tensor values = Tensor.allocate(Arena.ofAuto(), DType.F32, COLORS, pixels.height(), pixels.width());
        int places = pixels.height() * pixels.width();
        for (int i = 0; i < values.size(); i++) {
            values.set(i, pixels.get(i % places % pixels.width(), i % places / pixels.width(), i / places) / 127.5f
                    - 1);
        }
        return values;
    }

    private static Config config(DataWords words, CodecTrainer.Sizes sizes, Map<String, Object> codec, int vocab) {
        int hidden = (int) words.integer("hidden", 8, MOST, 96);
        int heads = (int) words.integer("heads", 1, hidden, 4);
        Map<String, Object> map = new LinkedHashMap<>(Map.of("<image>", MARKS.indexOf("<image>")));
        for (int code = 0; code < sizes.codes(); code++) {
            map.put(token(code), MARKS.size() + code);
        }
        Map<String, Object> config = new LinkedHashMap<>();
        config.put("architectures", List.of("ChameleonForConditionalGeneration"));
        config.put("model_type", "chameleon");
        config.put("hidden_size", hidden);
        config.put("num_hidden_layers", words.integer("layers", 1, MOST, 4));
        config.put("num_attention_heads", heads);
        config.put("num_key_value_heads", heads);
        config.put("intermediate_size", (8 * hidden / 3 + 31) / 32 * 32);
        config.put("vocab_size", vocab);
        config.put("max_position_embeddings", words.integer("context", 8, 1 << 20, 128));
        config.put("hidden_act", "silu");
        config.put("rms_norm_eps", 1e-5);
        config.put("tie_word_embeddings", false);
        config.put("eos_token_id", 0);
        config.put("pad_token_id", 0);
        config.put("image_token_id", MARKS.indexOf("<image>"));
        config.put("vocabulary_map", map);
        config.put("vq_config", codec);
        return Config.of(Path.of("config.json"), config);
    }

    private static String token(int code) {
        return String.format("<|visual token %06d|>", code);
    }

    /// Byte-level BPE of prompts and answers, after the marks and the tokens of codes.
    private static TrainedTokenizer tokenizer(int codes, TaskMix tasks) {
        List<String> all = new ArrayList<>(MARKS);
        IntStream.range(0, codes).mapToObj(NativeModel::token).forEach(all::add);
        BpeTrainer trainer = new BpeTrainer(all.size() + WORDS_OF_TEXT, 2, SpecialTokens.of(all.toArray(String[]::new))
                .with(SpecialTokens.EOS, MARKS.getFirst()));
        for (int i = 0; i < TEXTS; i++) {
            Problem problem = tasks.problem(Split.TRAIN, i);
            trainer.add(problem.prompt());
            trainer.add(problem.answer());
        }
        return trainer.train();
    }

    private static String template() throws IOException {
        try (InputStream in = NativeModel.class.getResourceAsStream("/glia/reason/data/pictures.jinja")) {
            return new String(in.readAllBytes(), StandardCharsets.UTF_8);
        }
    }

    private static void addCodec(Path folder, Map<String, Tensor> codec) throws IOException {
        Path file = folder.resolve("model.safetensors");
        Map<String, Tensor> all = new LinkedHashMap<>();
        try (SafetensorsCheckpoint language = SafetensorsCheckpoint.open(file)) {
            for (String name : language.names()) {
                Tensor tensor = language.tensor(name);
                all.put(name, Tensor.of(Arena.ofAuto(), tensor.toArray(), tensor.shape()));
            }
        }
        codec.forEach((name, tensor) -> all.put("model.vqmodel." + name, tensor));
        SafetensorsWriter.write(file, all, Map.of("format", "pt"), IfExists.REPLACE);
    }
}
