/* What netsh's contexts share. */
#ifndef TRANSOM_NETSH_H
#define TRANSOM_NETSH_H

#include "network.h"

/* The value of tag=value among a command's arguments, or of the one at place where none has a tag; NULL: none. */
const wchar_t *tagged(const wchar_t *tag, int place);
int refuse(const wchar_t *why);
int ok(void);

/* netsh_firewall.c */
int firewall_set_state(void);
int firewall_set_policy(void);
int firewall_add_rule(void);
int firewall_set_rule(void);
int firewall_delete_rule(void);
int firewall_show_rule(void);
int firewall_show_profiles(void);
int firewall_reset(void);
int firewall_old_mode(void);

/* netsh_http.c */
int http_add_url(void);
int http_delete_url(void);
int http_show_url(void);
int http_show_certificates(void);
int http_show_listen(void);

/* netsh_proxy.c */
int proxy_show(void);
int proxy_set(void);
int proxy_reset(void);
int proxy_import(void);

/* netsh_interface.c */
int interface_show(void);
int interface_config(void);
int interface_addresses(void);
int interface_dns(void);
int interface_interfaces(void);
int interface_ports(void);
int interface6_addresses(void);

#endif
