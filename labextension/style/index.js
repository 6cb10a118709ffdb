import './card.css';
import './jobs.css';
import './log.css';
import './sidebar.css';
import './market.css';
