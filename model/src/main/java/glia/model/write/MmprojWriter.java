package glia.model.write;

import glia.io.CheckpointException;
import glia.io.Config;
import glia.io.file.AtomicFile.IfExists;
import glia.io.file.Folders;
import glia.io.file.TensorContent;
import glia.io.gguf.GgufCheckpoint;
import glia.io.gguf.GgufMetadata;
import glia.io.gguf.GgufWriter;
import glia.model.Model;
import glia.model.block.Weights;
import glia.model.family.Mmproj;
import glia.model.family.MmprojKind;
import glia.model.family.config.Numbers;
import glia.model.picture.PictureProcessor;
import glia.model.spec.Attention;
import glia.model.spec.Conformer;
import glia.model.spec.Mixer;
import glia.model.spec.ModelSpec;
import glia.model.spec.Norm;
import glia.model.spec.NormedAttention;
import glia.model.spec.Parameter;
import glia.model.spec.Positions;
import glia.model.spec.Role;
import glia.model.spec.Rope;
import glia.model.spec.Sublayer;
import glia.model.spec.Tower;
import glia.tensor.DType;
import glia.tensor.Tensor;
import glia.tensor.format.Decode;
import glia.tensor.kernel.Activation;
import glia.tensor.ops.Weight;
import glia.text.tokenizer.Tokenizer;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.IntStream;

/// Writes the encoder of pictures of a model as a `mmproj` file beside its GGUF file.
final class MmprojWriter {
    private static final String VISION = "clip.vision.";
    private static final String TEXT_AXES = ".rope.dimension_sections";
    private static final String BREAK = "v.token_embd.img_break";
    /// The side of pictures where nothing limits it; llama.cpp requires one.
    private static final int ANY_SIDE = 560;

    private MmprojWriter() { }

    /// The file of the encoder beside the file of a model.
    static Path beside(Path file) {
        return file.resolveSibling("mmproj-" + file.getFileName());
    }

    /// The encoder of a model, if it has one of a kind that files hold.
    static Optional<Mmproj> of(Model model) {
        return model.checkpoint() instanceof GgufCheckpoint ? Optional.empty()
                : model.spec().towers().stream().findFirst().flatMap(Mmproj::of);
    }

    /// Changes the metadata of the language model to those of the architecture whose readers rotate by row and column.
    static void adapt(Model model, Map<String, Object> metadata) {
        Optional<MmprojKind> kind = of(model).map(Mmproj::kind);
        String name = (String) metadata.get("general.architecture");
        String other = kind.isEmpty() ? name : switch (kind.get()) {
            case QWEN2, QWEN2_5 -> "qwen2vl";
            case QWEN3 -> name.equals("qwen3") ? "qwen3vl" : name.equals("qwen3moe") ? "qwen3vlmoe" : name;
            default -> name;
        };
        axes(model.spec()).ifPresent(rope -> metadata.put(other + TEXT_AXES, sections(rope)));
        if (other.equals(name)) {
            return;
        }
        for (String key : List.copyOf(metadata.keySet())) {
            if (key.startsWith(name + ".")) {
                metadata.put(other + key.substring(name.length()), metadata.remove(key));
            }
        }
        metadata.put("general.architecture", other);
        Tower tower = model.spec().towers().getFirst();
        if (!tower.taps().isEmpty()) {
            metadata.put(other + ".n_deepstack_layers", tower.taps().size());
        }
    }

    /// The rotation of a language model by time, row and column.
    private static Optional<Rope.Axial> axes(ModelSpec spec) {
        return spec.sublayers().stream().map(Sublayer::mixer).filter(Attention.class::isInstance)
                .map(m -> ((Attention) m).rope()).filter(Rope.Axial.class::isInstance).map(Rope.Axial.class::cast)
                .findFirst();
    }

    private static int[] sections(Rope.Axial rope) {
        int[] counts = new int[4];
        rope.axes().forEach(axis -> counts[axis]++);
        return counts;
    }

    /// Writes the file.
    ///
    /// @param type of matrices; block types become F16, as llama.cpp has these files
    static void write(Model model, Mmproj encoder, Weights weights, Path file, Optional<DType> type,
            IfExists ifExists) throws CheckpointException {
        ModelSpec from = model.spec();
        ModelSpec to = encoder.stored(from);
        HubFolder.Places places = HubFolder.Places.of(to, encoder::source, p -> from.towerOf(p.place()) == 0);
        Optional<DType> matrices = type.map(t -> t.isBlock() ? DType.F16 : t);
        StoredAs tensors = new StoredAs(places, new LayoutConversion(from, to, weights), _ -> matrices, TypeCast.PLAIN,
                StoredAs.PLAIN, (p, shape) -> shape.length > 1 && switch (p.role()) {
                    case FEATURES, POSITIONS, EMBEDDING, NEWLINE -> false;
                    default -> true;
                });
        Map<String, TensorContent> contents = new LinkedHashMap<>();
        for (String name : places.names()) {
            TensorContent content = tensors.content(name);
            if (name.equals(Mmproj.PATCHES) && content.shape().length == 5) {
                contents.put(name, frame(content, 0));
                contents.put(Mmproj.LATER_PATCHES, frame(content, 1));
            } else if (name.equals(Mmproj.PATCHES) && encoder.kind() == MmprojKind.GEMMA4) {
                int side = from.towers().getFirst().features().patch();
                contents.put(name, new TensorContent(content.dtype(), new long[] {content.shape()[0], 3, side, side},
                        arena -> Mmproj.planes(content.make().apply(arena), side, arena)));
            } else if (name.equals(Mmproj.SOFT_NORM)) {
                contents.put(name, new TensorContent(DType.F32, content.shape(),
                        arena -> Mmproj.shifted(content.make().apply(arena), 1, arena)));
            } else {
                contents.put(name, content);
            }
        }
        if (encoder.kind() == MmprojKind.PIXTRAL) {
            contents.put(BREAK, lineEnd(model, weights));
        }
        GgufMetadata metadata = GgufMetadata.of(file, metadata(model, encoder.kind(), places));
        try {
            requireSame(encoder, metadata, contents, to, file);
            GgufWriter.writeContents(file, metadata, contents, _ -> { }, ifExists);
        } catch (IllegalArgumentException e) {
            throw new CheckpointException(file, "", "cannot be written: " + e.getMessage(), e);
        }
    }

    /// The embedding of the token after each line of a picture, which llama.cpp reads here; zeros without a tokenizer.
    private static TensorContent lineEnd(Model model, Weights weights) throws CheckpointException {
        Weight table = weights.get(Parameter.of(Role.EMBEDDING));
        int hidden = model.spec().hiddenSize();
        int id;
        try {
            Path folder = folder(model);
            id = Files.exists(folder.resolve("tokenizer.json")) ? Tokenizer.load(folder).id("[IMG_BREAK]").orElse(-1)
                    : -1;
        } catch (IOException e) {
            throw new CheckpointException(folder(model), "tokenizer", "cannot be read: " + e.getMessage(), e);
        }
        return new TensorContent(DType.F32, new long[] {hidden}, arena -> {
            Tensor row = Tensor.allocate(arena, DType.F32, hidden);
            return id < 0 ? row : Decode.widen(((Weight.Stored) table).tensor().rows(id, id + 1), arena)
                    .reshape(hidden);
        });
    }

    /// Reads the metadata back and compares it with the model.
    private static void requireSame(Mmproj encoder, GgufMetadata metadata, Map<String, TensorContent> contents,
            ModelSpec wanted, Path file) throws CheckpointException {
        try (Arena arena = Arena.ofConfined()) {
            Map<String, Tensor> shapes = new LinkedHashMap<>();
            // One byte a number: nothing reads them.
            contents.forEach((name, content) -> shapes.put(name, Tensor.allocate(arena, DType.U8, content.shape())));
            GgufCheckpoint.Projector planned = new GgufCheckpoint.Projector(null, metadata, shapes, true);
            Map<String, Object> text = new LinkedHashMap<>(Map.of("general.architecture", ""));
            axes(wanted).ifPresent(rope -> text.put(TEXT_AXES, sections(rope)));
            Config config = encoder.config(planned, GgufMetadata.of(file, text), Map.of("model_type", "llama",
                    "rms_norm_eps", epsilonOfText(wanted)));
            Tower found = encoder.spec(config, wanted.text()).towers().getFirst();
            Tower own = wanted.towers().getFirst();
            if (!found.body().equals(own.body()) || !found.projector().equals(own.projector())
                    || !found.taps().equals(own.taps())) {
                throw new CheckpointException(file, "", "cannot be written: a mmproj file has no key for what the "
                        + "encoder of pictures needs: found " + own + ", as the file would say " + found);
            }
        }
    }

    private static double epsilonOfText(ModelSpec spec) {
        return Numbers.decimal(spec.finalNorm() instanceof Norm.Rms rms ? rms.eps() : 1e-6f);
    }

    private static TensorContent frame(TensorContent whole, int number) {
        long[] s = whole.shape();
        return new TensorContent(whole.dtype(), new long[] {s[0], s[1], s[3], s[4]},
                arena -> Mmproj.patches(whole.make().apply(arena), number, arena));
    }

    private static Map<String, Object> metadata(Model model, MmprojKind kind, HubFolder.Places places)
            throws CheckpointException {
        Tower tower = model.spec().towers().getFirst();
        ModelSpec body = tower.body();
        List<Mixer> mixers = body.sublayers().stream().map(Sublayer::mixer)
                .map(m -> m instanceof Mixer.WindowedAttention w ? w.attention()
                        : m instanceof Conformer.Clipped c ? c.mixer() : m).toList();
        int heads = mixers.getFirst() instanceof NormedAttention a ? a.numHeads()
                : ((Attention) mixers.getFirst()).numHeads();
        Map<String, Object> all = new LinkedHashMap<>();
        all.put("general.architecture", "clip");
        all.put("general.type", "mmproj");
        all.put("clip.has_vision_encoder", true);
        all.put("clip.projector_type", kind.name);
        all.put(MmprojKind.WIDTH, body.hiddenSize());
        all.put(VISION + "projection_dim", model.spec().hiddenSize());
        all.put(VISION + "block_count", body.sublayers().size() / 2);
        all.put(VISION + "attention.head_count", heads);
        all.put(VISION + "attention.layer_norm_epsilon", epsilon(body.sublayers().getFirst().before()));
        all.put(VISION + "patch_size", tower.features().patch());
        all.put(VISION + "feed_forward_length", (int) places.shapes().get("v.blk.0.ffn_up.weight")[0]);
        activation(mixers.get(1), all);
        all.put(MmprojKind.PLACEHOLDER, tower.placeholder());
        int side = side(body, tower);
        settings(model, kind, all);
        Config config = model.path().isEmpty() ? Config.of(Path.of(""), Map.of()) : Config.readIfPresent(
                folder(model).resolve("config.json"));
        Config vision = config.child("vision_config", Map.of());
        all.put(VISION + "image_size", side > 0 ? side : vision.isNumber("image_size")
                ? vision.positive("image_size") : ANY_SIDE);
        kind(kind, tower, all, mixers);
        return all;
    }

    private static void kind(MmprojKind kind, Tower tower, Map<String, Object> all, List<Mixer> mixers) {
        switch (kind) {
            case MLP -> {
                all.put(VISION + "feature_layer", tower.projector().getFirst() instanceof Tower.Step.Beside beside
                        ? beside.layers().stream().mapToInt(layer -> layer + 1).toArray()
                        : new int[] {mixers.size() / 2});
                tower.projector().stream().filter(Tower.Step.Tiled.class::isInstance).map(Tower.Step.Tiled.class::cast)
                        .findFirst().ifPresent(t -> all.put(VISION + MmprojKind.Clip.PINPOINTS, IntStream.range(0,
                                t.heights().size()).flatMap(i -> IntStream.of(t.widths().get(i), t.heights().get(i)))
                                .toArray()));
            }
            case IDEFICS3, INTERNVL, LLAMA4, GEMMA3, GEMMA4, KIMI ->
                    all.put(VISION + "projector.scale_factor", tower.side());
            case PIXTRAL, QWEN2, QWEN3, GLM4V -> all.put(VISION + "spatial_merge_size", tower.side());
            case QWEN2_5 -> {
                all.put(VISION + "spatial_merge_size", tower.side());
                all.put(VISION + "n_wa_pattern", pattern(tower));
                all.put(VISION + "window_size", tower.window() * tower.features().patch());
            }
        }
        if (kind == MmprojKind.QWEN3) {
            boolean[] taps = new boolean[mixers.size() / 2];
            tower.taps().forEach(tap -> taps[tap.layer()] = true);
            all.put(VISION + "is_deepstack_layers", taps);
        }
    }

    /// Every how many layers one attends to the whole picture.
    ///
    /// @throws IllegalArgumentException if it is not the same everywhere
    private static int pattern(Tower tower) {
        int[] full = IntStream.range(0, tower.body().sublayers().size() / 2).filter(i ->
                tower.body().sublayers().get(2 * i).mixer() instanceof Attention).toArray();
        int every = full.length == 0 ? tower.body().sublayers().size() : full[0] + 1;
        for (int i = 0; i < full.length; i++) {
            if (full[i] + 1 != every * (i + 1)) {
                throw new IllegalArgumentException("a mmproj file describes attention to whole pictures in every n-th "
                        + "layer, found " + Arrays.toString(full));
            }
        }
        return every;
    }

    private static float epsilon(Norm norm) {
        return switch (norm) {
            case Norm.Layer layer -> layer.eps();
            case Norm.Rms rms -> rms.eps();
            default -> throw new IllegalArgumentException("a mmproj file has no key for the norm " + norm);
        };
    }

    private static void activation(Mixer mixer, Map<String, Object> all) {
        if (mixer instanceof Mixer.Mlp quick && quick.steepness() != 1) {
            return;
        }
        Activation activation = switch (mixer) {
            case Mixer.Mlp mlp -> mlp.activation();
            case Mixer.GatedMlp mlp -> mlp.activation();
            default -> throw new IllegalArgumentException("a mmproj file has no key for " + mixer);
        };
        switch (activation) {
            case GELU, GELU_TANH -> all.put("clip.use_gelu", true);
            case SILU -> all.put("clip.use_silu", true);
            default -> { }
        }
    }

    private static int side(ModelSpec body, Tower tower) {
        long count = switch (body.embedding().positions()) {
            case Positions.Learned learned -> learned.count() - tower.numLeading();
            case Positions.Grid grid -> grid.count() - (grid.leading().isPresent() ? 1 : 0);
            default -> 0;
        };
        return (int) Math.round(Math.sqrt(count)) * tower.features().patch();
    }

    private static Path folder(Model model) {
        return Folders.ofModel(model.path().orElseThrow());
    }

    /// What the processor of pictures does.
    private static void settings(Model model, MmprojKind kind, Map<String, Object> all) throws CheckpointException {
        Optional<PictureProcessor> found = model.path().isEmpty() ? Optional.empty()
                : PictureProcessor.find(folder(model));
        // Gemma 4's tower does it.
        boolean isRaw = kind == MmprojKind.GEMMA4;
        double[] mean = isRaw ? new double[] {0, 0, 0} : new double[] {0.5, 0.5, 0.5};
        double[] deviation = isRaw ? new double[] {1, 1, 1} : mean;
        if (found.isPresent()) {
            Config settings = found.get().settings();
            all.put(MmprojKind.PREPROCESSOR, settings.json());
            all.put(MmprojKind.PROCESSOR, found.get().promptSettings().json());
            mean = settings.has("image_mean") && !isRaw ? settings.reals("image_mean") : mean;
            deviation = settings.has("image_std") && !isRaw ? settings.reals("image_std") : deviation;
            if (settings.isObject("size") && settings.child("size").has("longest_edge")
                    && settings.has("max_image_size")) {
                all.put(VISION + "preproc_image_size", settings.child("size").positive("longest_edge"));
            }
        }
        all.put(VISION + "image_mean", floats(mean));
        all.put(VISION + "image_std", floats(deviation));
    }

    private static float[] floats(double[] colors) {
        return new float[] {(float) colors[0], (float) colors[1], (float) colors[2]};
    }
}
