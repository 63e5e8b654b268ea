package glia.engine.embedding;

import glia.engine.LanguageModel;
import glia.engine.pass.Engine;
import glia.io.CheckpointException;
import glia.io.picture.Picture;
import glia.model.Model;
import glia.model.block.Input;
import glia.model.block.Pass;
import glia.model.block.Pass.Outputs;
import glia.model.picture.PictureProcessor;
import glia.model.spec.Tower;
import glia.tensor.DType;
import glia.tensor.Tensor;
import java.lang.foreign.Arena;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.function.Supplier;

/// Embeddings of texts and of pictures that can be compared, of models such as
/// [CLIP](https://arxiv.org/abs/2103.00020) and [SigLIP](https://arxiv.org/abs/2303.15343).
///
/// ```java
/// var embedder = PictureEmbedder.of(model);
/// double[] probabilities = embedder.classify(pixels, List.of("a photo of a cat", "a photo of a dog"));
/// ```
///
/// Embeddings have length 1. For any threads if it is made of a model, for one at a time if of an engine.
public final class PictureEmbedder {
    private final Engine engine;
    /// The model, whose scheduler takes turns; empty for an engine alone.
    private final Optional<LanguageModel> model;
    private final Tower tower;
    private final Tower.Step.Compared compared;

    /// An embedder of token ids and pixels.
    ///
    /// @throws IllegalArgumentException if the model does not compare texts with pictures
    public PictureEmbedder(Engine engine) {
        this(engine, Optional.empty());
    }

    private PictureEmbedder(Engine engine, Optional<LanguageModel> model) {
        if (!describes(engine.model())) {
            throw new IllegalArgumentException("the model " + engine.model().spec().modelType()
                    + " does not compare texts with pictures; expected one such as CLIP or SigLIP");
        }
        this.engine = engine;
        this.model = model;
        tower = engine.model().spec().towers().getFirst();
        compared = tower.compared().orElseThrow();
    }

    /// An embedder of texts and pixels.
    ///
    /// @throws IllegalArgumentException if the model does not compare texts with pictures
    public static PictureEmbedder of(LanguageModel model) {
        return new PictureEmbedder(model.engine(), Optional.of(model));
    }

    /// Whether a model compares texts with pictures.
    public static boolean describes(Model model) {
        return model.spec().towers().stream().anyMatch(t -> t.compared().isPresent());
    }

    private <T> T inTurn(Supplier<T> work) {
        return model.isPresent() ? model.get().scheduler().inTurn("", work) : work.get();
    }

    /// The embedding of a text. Of a long one the last tokens are left out, but for the end token.
    ///
    /// @throws IllegalArgumentException if there is no tokenizer
    public float[] embed(String text) {
        int[] ids = model.orElseThrow(() -> new IllegalArgumentException("there is no tokenizer; give token ids"))
                .tokenizer().encodePlain(text, true);
        if (ids.length == 0) {
            throw new IllegalArgumentException("the text has no tokens: there is nothing to embed");
        }
        int most = engine.model().spec().contextLength();
        int[] fitting = Arrays.copyOf(ids, Math.min(ids.length, most));
        fitting[fitting.length - 1] = ids[ids.length - 1];
        return embed(fitting);
    }

    /// The embedding of a text as token ids with its end token. A model that reads padding gets its own.
    ///
    /// @throws IllegalArgumentException if there are no tokens or more than the context length
    public float[] embed(int... ids) {
        int most = engine.model().spec().contextLength();
        if (ids.length < 1 || ids.length > most) {
            throw new IllegalArgumentException("a text of " + ids.length + " tokens, expected 1 to " + most);
        }
        int[] text = ids;
        if (compared.end() == Tower.Step.Compared.LAST && ids.length < most) {
            text = Arrays.copyOf(ids, most);
            Arrays.fill(text, ids.length, most, compared.padding());
        }
        Pass pass = new Pass().add(text, 0, text.length, 0, Outputs.NONE).want(new int[] {compared.place(text)});
        return inTurn(() -> engine.read(pass, row -> Embedder.shortened(row.toArray(), row.cols())));
    }

    /// The embedding of a picture, prepared as the files beside the model say.
    ///
    /// @throws IllegalArgumentException if the embedder was not made of a model, or its folder has no such files
    /// @throws CheckpointException if a setting is wrong
    public float[] embed(Picture picture) throws CheckpointException {
        Path path = model.map(LanguageModel::path).orElseThrow(() -> new IllegalArgumentException(
                "there are no files of a model; give pixels"));
        PictureProcessor processor = PictureProcessor.find(path).orElseThrow(() -> new IllegalArgumentException(path
                + ": pictures are prepared as " + PictureProcessor.files() + " says; there is neither"));
        Tensor pixels = processor.prepare(picture.pixels()).pixels();
        long[] shape = pixels.shape();
        return embed(pixels.reshape(Arrays.copyOfRange(shape, shape.length - 3, shape.length)));
    }

    /// The embedding of a picture.
    ///
    /// @param pixels `[channels, height, width]`, F32, of the model's size and normalized as the model wants it
    /// @throws IllegalArgumentException if the sizes are others
    public float[] embed(Tensor pixels) {
        Input.Rows features = Input.Rows.ofPixels(tower, 0, pixels);
        return inTurn(() -> engine.computeWhole(() -> engine.decoder().encode(engine.ops(), features),
                Tensor::toArray));
    }

    /// The logits of a picture against texts, one for each.
    ///
    /// @param picture its embedding
    /// @param texts their embeddings
    public float[] logits(float[] picture, List<float[]> texts) {
        Tensor rows = Tensor.allocate(Arena.ofAuto(), DType.F32, texts.size(), picture.length);
        for (int i = 0; i < rows.size(); i++) {
            rows.set(i, texts.get(i / picture.length)[i % picture.length]);
        }
        Tensor one = Tensor.allocate(Arena.ofAuto(), DType.F32, 1, picture.length);
        for (int i = 0; i < picture.length; i++) {
            one.set(i, picture[i]);
        }
        return inTurn(() -> engine.computeWhole(() -> engine.decoder().compare(engine.ops(), rows, one),
                Tensor::toArray));
    }

    /// The probabilities of texts for a picture, without training for these classes. Those of CLIP add up to 1
    /// (softmax); SigLIP judges each text alone (sigmoid).
    public double[] classify(Tensor pixels, List<String> texts) {
        return probabilities(logits(embed(pixels), texts.stream().map(this::embed).toList()));
    }

    /// The same of a picture that is prepared as the files beside the model say.
    ///
    /// @throws CheckpointException as [#embed(Picture)]
    public double[] classify(Picture picture, List<String> texts) throws CheckpointException {
        return probabilities(logits(embed(picture), texts.stream().map(this::embed).toList()));
    }

    /// The probabilities of logits of one picture.
    public double[] probabilities(float... logits) {
        double[] p = new double[logits.length];
        double largest = Float.NEGATIVE_INFINITY;
        for (float z : logits) {
            largest = Math.max(largest, z);
        }
        double sum = 0;
        for (int i = 0; i < p.length; i++) {
            p[i] = compared.biased() ? 1 / (1 + Math.exp(-logits[i])) : Math.exp(logits[i] - largest);
            sum += p[i];
        }
        for (int i = 0; i < p.length && !compared.biased(); i++) {
            p[i] /= sum;
        }
        return p;
    }
}
