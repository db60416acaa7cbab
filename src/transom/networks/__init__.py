"""Rules of networks, pure: records, addresses, ports, the text of nft tables, DNS answers, hosts files."""
