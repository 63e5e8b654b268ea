/// Files of web addresses that a user allows to be fetched.
package glia.io.web;
