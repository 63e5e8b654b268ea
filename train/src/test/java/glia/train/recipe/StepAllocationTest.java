package glia.train.recipe;

import static org.junit.jupiter.api.Assertions.assertEquals;

import com.sun.management.ThreadMXBean;
import glia.io.yaml.YamlDocument;
import glia.kernels.KernelBackends;
import glia.tensor.kernel.Workers;
import glia.train.recipe.RecipeRun.Existing;
import glia.train.run.TrainingListener.StepFigures;
import glia.train.run.TrainingListener;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/// In steady state the heap allocation of a training step does not grow with its batch.
class StepAllocationTest {
    private static final int CONTEXT = 128;
    private static final int STEPS = 80;
    /// The first steps make the memory, and compile.
    private static final int FIRST = 50;
    /// For some objects for each sequence, of about 25 tokens, and for what the JIT compiler changes on the way.
    private static final double MOST_BYTES_A_TOKEN = 16;

    private static final String RECIPE = """
            data: {validation_share: 0}
            batch: {context: %d}
            optimizer: {learning_rate: 1e-3}
            steps: %d
            """.formatted(CONTEXT, STEPS);

    private static final String NEW = """
            model: {new: {family: llama, hidden: 32, layers: 2, heads: 2, context: %d}}
            tokenizer: {train: characters, special_tokens: ["<|endoftext|>"]}
            """.formatted(CONTEXT);

    @TempDir
    private Path folder;

    @ParameterizedTest
    @ValueSource(strings = {
        "task=pretrain data.train=text.txt",
        "task=pretrain data.train=text.jsonl data.packing=documents batch.activation_checkpointing=2",
        "task=sft data.train=chats.jsonl batch.accumulate=2 precision=bf16"})
    void allocationDoesNotGrowWithTheBatch(String task) throws Exception {
        SplittableRandom random = new SplittableRandom(5);
        StringBuilder text = new StringBuilder();
        StringBuilder lines = new StringBuilder();
        StringBuilder chats = new StringBuilder();
        for (int i = 0; i < 400; i++) {
            String words = "to be ".repeat(random.nextInt(1, 9));
            text.append(words).append('\n');
            lines.append("{\"text\": \"").append(words).append("\"}\n");
            chats.append("{\"prompt\": \"be ").append(i % 7).append("\", \"completion\": \"").append(words)
                    .append("\"}\n");
        }
        Files.writeString(folder.resolve("text.txt"), text);
        Files.writeString(folder.resolve("text.jsonl"), lines);
        Files.writeString(folder.resolve("chats.jsonl"), chats);
        String start = NEW;
        if (task.startsWith("task=sft")) {
            bytesByStep(NEW, "task=pretrain data.train=text.txt steps=1", 1);
            start = "model: {path: run-1/model}\n";
        }
        long[] small = bytesByStep(start, task, 4);
        long[] large = bytesByStep(start, task, 16);
        long tokens = 12L * CONTEXT;
        assertEquals(0, (median(large) - median(small)) / (double) tokens, MOST_BYTES_A_TOKEN,
                median(small) + " and " + median(large) + " bytes a step for 4 and 16 sequences");
    }

    private static long median(long[] bytes) {
        return Arrays.stream(bytes, FIRST, bytes.length).sorted().skip((bytes.length - FIRST) / 2).findFirst()
                .orElseThrow();
    }

    private long[] bytesByStep(String start, String task, int sequences) throws IOException {
        List<String> keys = new ArrayList<>(List.of(task.replace("train=t", "train=" + folder + "/t")
                .replace("train=c", "train=" + folder + "/c").split(" ")));
        keys.add("batch.sequences=" + sequences);
        Recipe recipe = Recipe.of(YamlDocument.parse(folder.resolve("recipe.yaml"), start + RECIPE), keys);
        long[] bytes = new long[STEPS];
        try (Workers workers = new Workers(2); RecipeRun run = RecipeRun.prepare(recipe,
                new RunFolder(folder.resolve("run-" + sequences)), KernelBackends.choose("best", workers).kernels(),
                Path::of, Existing.REFUSE)) {
            run.listen(new TrainingListener() {
                private long before = allocatedBytes();

                @Override
                public void step(StepFigures figures) {
                    long now = allocatedBytes();
                    bytes[(int) figures.step() - 1] = now - before;
                    before = now;
                }
            });
            run.run(Map.of(), warning -> { });
        }
        return bytes;
    }

    /// Bytes that this thread and the workers have allocated since they began.
    private static long allocatedBytes() {
        ThreadMXBean threads = (ThreadMXBean) ManagementFactory.getThreadMXBean();
        long[] ids = Thread.getAllStackTraces().keySet().stream().filter(t -> t == Thread.currentThread()
                || t.getName().startsWith("glia-worker")).mapToLong(Thread::threadId).toArray();
        return Arrays.stream(threads.getThreadAllocatedBytes(ids)).sum();
    }
}
