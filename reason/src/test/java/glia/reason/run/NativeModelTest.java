package glia.reason.run;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import glia.engine.GenerationOptions;
import glia.engine.LanguageModel;
import glia.engine.picture.PictureGenerator;
import glia.engine.sampling.SamplingOptions;
import glia.io.CheckpointException;
import glia.io.picture.Picture;
import glia.io.picture.Pixels;
import glia.kernels.KernelBackends;
import glia.model.codec.PictureCodec;
import glia.reason.task.CaptionTask;
import glia.reason.task.Problem;
import glia.reason.task.Split;
import glia.reason.task.TaskMix;
import glia.tensor.Precision;
import glia.tensor.Tensor;
import glia.tensor.kernel.Kernels;
import glia.tensor.kernel.Workers;
import glia.tensor.ops.Compute;
import glia.text.template.ChatMessage;
import glia.train.codec.CodecTrainer;
import glia.train.recipe.RecipeRun.Existing;
import glia.train.recipe.RecipeRun;
import glia.train.recipe.RunFolder;
import glia.train.recipe.ShippedRecipes;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// The recipes of native multimodal models, with few steps.
class NativeModelTest {
    private static final String SMALL = " hidden=32 layers=1 codes=16 steps=3 levels=4 seed=2";
    private static Workers workers;
    private static Kernels kernels;

    @TempDir
    private Path folder;

    @BeforeAll
    static void open() {
        workers = new Workers(2);
        kernels = KernelBackends.choose("best", workers).kernels();
    }

    @AfterAll
    static void close() {
        workers.close();
    }

    private void train(String recipe, String... words) throws IOException {
        try (RecipeRun run = RecipeRun.prepare(ShippedRecipes.read(recipe, List.of(words)),
                new RunFolder(folder.resolve("run")), kernels, Path::of, Existing.REPLACE)) {
            run.run(Map.of(), warning -> { });
        }
    }

    /// A picture is tokens of the vocabulary in the prompt and in the answer; the codec of the checkpoint is the one
    /// that was trained, code by code.
    @Test
    void aModelReadsAndDrawsWithItsOwnCodec() throws Exception {
        train("native", "model.path=native:captions" + SMALL, "steps=3", "report.html=false",
                "data.train=[problems:captions count=4, problems:captions count=4 format=draw]",
                "data.validation=problems:captions count=4 split=validation", "batch.sequences=2");
        Problem problem = TaskMix.of("captions", 9).problem(Split.TEST, 0);
        try (LanguageModel model = LanguageModel.load(folder.resolve("run/model"))) {
            assertEquals(List.of("text", "image"), model.pictures().modalities());
            Pixels drawn = PictureGenerator.of(model).generate(problem.answer(), PictureGenerator.Options.defaults()
                    .withGuidance(1), done -> true).orElseThrow();
            assertEquals(24, drawn.width());
            try (var chat = model.chat().options(new GenerationOptions(SamplingOptions.greedy(), 3, List.of()))) {
                assertTrue(chat.stream(ChatMessage.user(problem.prompt(), problem.pictures().getFirst()), t -> { })
                        .tokens() > 0);
            }
            try (CodecTrainer trainer = new CodecTrainer(kernels, new CodecTrainer.Sizes(3, 32, 4, 8, 16), 2)) {
                NativeModel.train(trainer, TaskMix.of("captions", 2), 3);
                Tensor values = NativeModel.values(problem.pictures().getFirst().pixels());
                Compute ops = new Compute(kernels, Precision.EXACT);
                PictureCodec codec = PictureCodec.of(model.model());
                PictureCodec.Codes codes = codec.encode(ops, values);
                assertArrayEquals(trainer.encode(values), codes.codes());
                assertArrayEquals(trainer.decode(codes.codes(), 3).toArray(), codec.decode(ops, codes).toArray(),
                        1e-3f);
            }
        }
    }

    @Test
    void aModelWithATowerReadsTheSamePictures() throws Exception {
        train("fused-late", "steps=2", "report.html=false", "data.train=[problems:captions count=4, problems:tones "
                + "count=4]", "data.validation=problems:tones count=4 split=validation", "batch.sequences=2",
                "tokenizer.vocab_size=300");
        try (LanguageModel model = LanguageModel.load(folder.resolve("run/model"));
                var chat = model.chat().options(new GenerationOptions(SamplingOptions.greedy(), 3, List.of()))) {
            Picture spectrogram = TaskMix.of("tones", 9).problem(Split.TEST, 0).pictures().getFirst();
            assertTrue(chat.stream(ChatMessage.user("What is this?", spectrogram), t -> { }).tokens() > 0);
        }
    }

    @Test
    void drawingsAreRecognized() {
        for (int i = 0; i < 12; i++) {
            Problem problem = TaskMix.of("captions", 1).problem(Split.TEST, i);
            assertEquals(problem.answer(), CaptionTask.recognize(problem.pictures().getFirst().pixels()));
        }
    }

    @Test
    void wrongFormsAreNamed() {
        String message = assertThrows(CheckpointException.class, () -> train("native",
                "model.path=native:captions hiden=3")).getMessage();
        assertTrue(message.contains("model.path") && message.contains("Did you mean hidden?"), message);
        assertTrue(assertThrows(CheckpointException.class, () -> train("native", "model.path=native:countdown"))
                .getMessage().contains("has no pictures"));
    }
}
