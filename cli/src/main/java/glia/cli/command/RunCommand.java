package glia.cli.command;

import glia.cli.answer.AnswerText;
import glia.cli.answer.StreamedAnswer;
import glia.cli.args.Arguments;
import glia.cli.args.Option;
import glia.cli.args.Positional;
import glia.cli.args.Syntax;
import glia.cli.args.UsageException;
import glia.cli.option.ComputeOptions;
import glia.cli.option.GenerationFlags;
import glia.cli.terminal.Console;
import glia.cli.terminal.InterruptNotice;
import glia.engine.Answer;
import glia.engine.Chat;
import glia.engine.GenerationOptions;
import glia.engine.Generator;
import glia.engine.LanguageModel;
import glia.engine.TextListener;
import glia.io.hub.Choice;
import glia.tensor.Precision;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;

/// Answers one prompt.
public final class RunCommand implements Command {
    private static final Option<String> PROMPT_OPTION =
            Option.text("TEXT", "the same as PROMPT", "--prompt", "-p");
    private static final Positional PROMPT =
            new Positional("PROMPT", "what to answer (default: standard input)", false);
    private static final Option<String> SYSTEM = Option.text("TEXT", "what the model shall be like", "--system");
    private static final Option<Boolean> RAW =
            Option.flag("continue the text as it is, with its special tokens and without a chat template", "--raw");

    /// For [glia.cli.Cli].
    public RunCommand() {}

    @Override
    public String name() {
        return "run";
    }

    @Override
    public Syntax syntax() {
        return new Syntax(name(), "Answer one prompt", List.of(Models.MODEL, PROMPT),
                Syntax.join(List.of(PROMPT_OPTION, SYSTEM, RAW, Json.OPTION, ComputeOptions.DRAFT,
                        ComputeOptions.KV_CACHE_TYPE), GenerationFlags.ALL, ComputeOptions.ALL),
                GenerationFlags.NOTES);
    }

    @Override
    public int run(Arguments arguments, Console console) throws IOException {
        if (arguments.has(RAW) && arguments.has(SYSTEM)) {
            throw new UsageException("--system goes into the chat template, which --raw does without");
        }
        if (arguments.has(PROMPT_OPTION) && arguments.optional(1).isPresent()) {
            throw new UsageException("the prompt is given twice: after the model, and by --prompt");
        }
        GenerationFlags.check(arguments);
        String prompt = prompt(arguments, console);
        boolean json = arguments.has(Json.OPTION);
        Choice choice = Models.locate(Optional.of(arguments.required(0)), arguments, console);
        try (LanguageModel model = Models.load(choice.path(), ComputeOptions.of(arguments, Precision.FAST), arguments,
                console)) {
            GenerationOptions options = GenerationFlags.of(arguments, model.options());
            TextListener listener = json ? piece -> { } : new StreamedAnswer(console);
            Answer answer;
            try (var _ = new InterruptNotice(console, "the answer is not whole")) {
                answer = arguments.has(RAW) || model.template().isEmpty()
                        ? continued(model, arguments.has(RAW), prompt, options, listener)
                        : answered(model, arguments.get(SYSTEM), prompt, options, listener);
            }
            if (json) {
                Json.print(console, document(answer));
            } else {
                console.out().println();
                if (console.outIsTerminal()) {
                    console.err().println(console.dim(AnswerText.summary(answer)));
                }
            }
        }
        return ExitCode.OK;
    }

    private static String prompt(Arguments arguments, Console console) throws IOException {
        Optional<String> given = arguments.optional(1).or(() -> arguments.get(PROMPT_OPTION));
        if (given.isPresent()) {
            return given.get();
        }
        if (console.inIsTerminal()) {
            console.err().println("Type the prompt; Ctrl-D ends it.");
        }
        return new String(console.in().readAllBytes(), StandardCharsets.UTF_8).stripTrailing();
    }

    /// Only a prompt that is raw may hold special tokens.
    private static Answer continued(LanguageModel model, boolean raw, String prompt, GenerationOptions options,
                                    TextListener listener) {
        int[] ids = raw ? model.tokenizer().encode(prompt, true) : model.tokenizer().encodePlain(prompt, true);
        try (Generator generator = model.generator()) {
            return generator.generate(ids, options, false, listener);
        }
    }

    private static Answer answered(LanguageModel model, Optional<String> system, String prompt,
                                   GenerationOptions options, TextListener listener) {
        try (Chat chat = model.chat().options(options)) {
            system.ifPresent(chat::system);
            return chat.stream(prompt, listener);
        }
    }

    private static Map<String, Object> document(Answer answer) {
        Map<String, Object> document = new LinkedHashMap<>();
        document.put("text", answer.text());
        document.put("finish", answer.finish().name().toLowerCase(Locale.ROOT));
        document.put("prompt_tokens", answer.promptTokens());
        document.put("tokens", answer.tokens());
        document.put("drafted_tokens", answer.draftedTokens());
        document.put("accepted_tokens", answer.acceptedTokens());
        document.put("first_token_seconds", answer.firstTokenNanos() / 1e9);
        document.put("seconds", answer.totalNanos() / 1e9);
        document.put("tokens_per_second", answer.tokensPerSecond());
        return document;
    }
}
