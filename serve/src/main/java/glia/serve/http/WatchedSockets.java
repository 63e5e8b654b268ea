package glia.serve.http;

import io.helidon.common.socket.SocketOptions;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.SocketOption;
import java.nio.channels.SocketChannel;
import java.time.Duration;
import java.util.Map;
import java.util.Optional;

/// Options of a client's socket with a timeout of reads, which the web server itself does not set: it watches an idle
/// connection for its end only as long as this.
///
/// @param base all other options
/// @param longest the longest time of a read, which is at least the longest time of a request
public record WatchedSockets(SocketOptions base, Duration longest) implements SocketOptions {
    @Override
    public void configureSocket(SocketChannel channel) {
        base.configureSocket(channel);
        try {
            channel.socket().setSoTimeout((int) Math.min(Integer.MAX_VALUE, longest.toMillis()));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    @Override
    public Map<SocketOption<?>, Object> socketOptions() {
        return base.socketOptions();
    }

    @Override
    public Duration connectTimeout() {
        return base.connectTimeout();
    }

    @Override
    public Duration readTimeout() {
        return longest;
    }

    @Override
    public Optional<Integer> socketReceiveBufferSize() {
        return base.socketReceiveBufferSize();
    }

    @Override
    public Optional<Integer> socketSendBufferSize() {
        return base.socketSendBufferSize();
    }

    @Override
    public boolean socketReuseAddress() {
        return base.socketReuseAddress();
    }

    @Override
    public boolean socketKeepAlive() {
        return base.socketKeepAlive();
    }

    @Override
    public boolean tcpNoDelay() {
        return base.tcpNoDelay();
    }
}
