package glia.lab.eval;

import glia.engine.LanguageModel;
import glia.lab.eval.EvalTask.Settings;
import glia.text.template.ChatMessage;
import glia.text.tokenizer.Tokenizer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.OptionalInt;
import java.util.SplittableRandom;

/// Prompts of items with examples before them, and their tokens. Texts are encoded as plain text; markers of a chat
/// template come from the template alone.
final class Prompts {
    private final EvalTask task;
    private final Tokenizer tokenizer;
    private final LanguageModel model;
    private final long seed;
    private int numTruncated;

    /// @param seed chooses the examples of each item
    Prompts(EvalTask task, LanguageModel model, long seed) {
        this.task = task;
        this.model = model;
        this.tokenizer = model.tokenizer();
        this.seed = seed;
    }

    /// Context and continuations as tokens.
    ///
    /// @param context begins with BOS if the tokenizer adds it
    record Encoded(int[] context, List<int[]> continuations) { }

    /// The examples of an item: all in the file's order if all are used, else a random choice by seed and item.
    List<EvalItem> examples(int item) {
        int shots = task.settings().shots();
        List<EvalItem> all = new ArrayList<>(task.examples());
        if (shots == all.size()) {
            return all;
        }
        SplittableRandom random = new SplittableRandom(seed * 0x9E3779B97F4A7C15L + item);
        for (int i = 0; i < shots; i++) {
            int j = i + random.nextInt(all.size() - i);
            EvalItem other = all.set(i, all.get(j));
            all.set(j, other);
        }
        return all.subList(0, shots);
    }

    /// The text before the continuations of an item.
    String context(int item) {
        Settings settings = task.settings();
        StringBuilder text = new StringBuilder();
        for (EvalItem example : examples(item)) {
            text.append(question(example)).append(settings.delimiter()).append(answer(example))
                    .append(settings.separator());
        }
        return text.append(question(task.items().get(item))).toString();
    }

    static String question(EvalItem item) {
        return switch (item) {
            case EvalItem.Choice choice -> choice.context();
            case EvalItem.Generation generation -> generation.prompt();
            case EvalItem.Text text -> text.text();
            case EvalItem.Drawing drawing -> drawing.text();
        };
    }

    /// An item as a message of the user, with its pictures.
    ///
    /// @throws IllegalArgumentException if it has pictures, and the model reads text alone
    ChatMessage asked(EvalItem item) {
        ChatMessage message = ChatMessage.user(question(item));
        return item instanceof EvalItem.Generation generation ? message.withPictures(generation.pictures()) : message;
    }

    private static String answer(EvalItem item) {
        return switch (item) {
            case EvalItem.Choice choice -> choice.choices().get(choice.answer());
            case EvalItem.Generation generation -> generation.answers().getFirst();
            case EvalItem.Text _ -> "";
            case EvalItem.Drawing _ -> "";
        };
    }

    /// The tokens of a context and of each choice after it. As in lm-evaluation-harness: white space at the end of a
    /// context belongs to the continuation, and a continuation's tokens are those of the whole text after as many as
    /// the context has. A context without tokens becomes one BOS or EOS token.
    Encoded encode(String context, List<String> choices) {
        String stripped = context.stripTrailing();
        String moved = context.substring(stripped.length()) + task.settings().delimiter();
        int[] before = tokenizer.encodePlain(stripped, false);
        List<int[]> continuations = new ArrayList<>();
        for (String choice : choices) {
            int[] whole = tokenizer.encodePlain(stripped + moved + choice, false);
            if (whole.length <= before.length) {
                throw new IllegalArgumentException("the choice \"" + choice + "\" adds no token to its context");
            }
            continuations.add(Arrays.copyOfRange(whole, before.length, whole.length));
        }
        return new Encoded(before.length == 0 ? new int[] {prefix()} : withBos(before), continuations);
    }

    /// The token before a text: BOS, or EOS if the tokenizer has no BOS; empty if it has neither.
    OptionalInt start() {
        return tokenizer.bos().isPresent() ? tokenizer.bos() : tokenizer.eos();
    }

    private int prefix() {
        return start().orElseThrow(() -> new IllegalArgumentException("the tokenizer has neither a BOS nor an EOS "
                + "token, one of which stands before a text"));
    }

    private int[] withBos(int[] tokens) {
        if (!tokenizer.addsBos()) {
            return tokens;
        }
        int[] all = new int[tokens.length + 1];
        all[0] = prefix();
        System.arraycopy(tokens, 0, all, 1, tokens.length);
        return all;
    }

    /// The prompt of an item to generate from, without a chat template; a prompt that is too long loses its beginning.
    int[] prompt(int item) {
        Settings settings = task.settings();
        int[] tokens = tokenizer.encodePlain(context(item), false);
        int[] prompt = tokens.length == 0 ? new int[] {prefix()} : withBos(tokens);
        int room = Math.max(1, model.contextLength() - settings.maxTokens());
        if (prompt.length <= room) {
            return prompt;
        }
        numTruncated++;
        return Arrays.copyOfRange(prompt, prompt.length - room, prompt.length);
    }

    /// The messages of a chat before the question of an item: the system prompt, and examples as exchanges.
    ///
    /// @throws IllegalArgumentException if the model has no chat template
    List<ChatMessage> before(int item) {
        if (model.template().isEmpty()) {
            throw new IllegalArgumentException("the task " + task.name()
                    + " needs a chat template, and the model has none; set \"chat\" to false in the task");
        }
        List<ChatMessage> messages = new ArrayList<>();
        if (!task.settings().system().isEmpty()) {
            messages.add(ChatMessage.system(task.settings().system()));
        }
        for (EvalItem example : examples(item)) {
            messages.add(asked(example));
            messages.add(ChatMessage.assistant(answer(example)));
        }
        return messages;
    }

    /// Prompts so far that were too long.
    int numTruncated() {
        return numTruncated;
    }
}
