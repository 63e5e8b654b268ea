package glia.serve.chat;

/// What happens while answers are generated, in order.
sealed interface AnswerEvent {
    /// Passes the event on.
    void deliver(AnswerReceiver receiver);

    record Token(int sample, GeneratedToken token) implements AnswerEvent {
        @Override
        public void deliver(AnswerReceiver receiver) {
            receiver.token(sample, token);
        }
    }

    record Thinking(int sample, String piece) implements AnswerEvent {
        @Override
        public void deliver(AnswerReceiver receiver) {
            receiver.thinking(sample, piece);
        }
    }

    record Text(int sample, String piece) implements AnswerEvent {
        @Override
        public void deliver(AnswerReceiver receiver) {
            receiver.text(sample, piece);
        }
    }

    record Call(int sample, int index, String id, String name) implements AnswerEvent {
        @Override
        public void deliver(AnswerReceiver receiver) {
            receiver.toolCall(sample, index, id, name);
        }
    }

    record Arguments(int sample, int index, String piece) implements AnswerEvent {
        @Override
        public void deliver(AnswerReceiver receiver) {
            receiver.toolArguments(sample, index, piece);
        }
    }

    record Ended(int sample, AnswerEnd end, Throwable failure) implements AnswerEvent {
        @Override
        public void deliver(AnswerReceiver receiver) {
            receiver.ended(sample, end);
        }
    }
}
